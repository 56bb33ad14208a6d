package io.granary.client.vault;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Any range of a file, from its own segments alone. */
class FileCipherProperties {
  private static final int SEGMENT = FileCipher.SEGMENT_BYTES;
  private static final int HEADER = 40;
  private static final int SIZE = 4_500_000;
  private static final byte[] PLAIN = new byte[SIZE];
  private static final FileCipher CIPHER = new FileCipher(FileKey.generate(), new byte[32]);

  static {
    new Random(1).nextBytes(PLAIN);
  }

  private static final byte[] SEALED = InMemory.seal(CIPHER, PLAIN);

  private static int segmentOf(int position) {
    return (position + HEADER) / (SEGMENT - 16);
  }

  @Property(tries = 100)
  void a_range_comes_from_its_segments_and_the_header(
      @ForAll @IntRange(max = SIZE - 1) int from, @ForAll @IntRange(min = 1, max = SIZE) int most)
      throws IOException {
    int to = Math.min(from + most, SIZE);
    InMemory.Source source = new InMemory.Source(SEALED, Integer.MAX_VALUE);
    ByteBuffer range = ByteBuffer.allocate(to - from);
    try (SeekableByteChannel channel = CIPHER.open(source)) {
      assertEquals(to - from, channel.position(from).read(range));
      assertEquals(to, channel.position());
    }
    assertArrayEquals(Arrays.copyOfRange(PLAIN, from, to), range.array());
    BitSet allowed = new BitSet();
    allowed.set(0, HEADER);
    allowed.set(segmentOf(from) * SEGMENT, (segmentOf(to - 1) + 1) * SEGMENT);
    BitSet beyond = (BitSet) source.touched().clone();
    beyond.andNot(allowed);
    assertTrue(beyond.isEmpty(), () -> "byte " + beyond.nextSetBit(0) + " was read as well");
  }
}
