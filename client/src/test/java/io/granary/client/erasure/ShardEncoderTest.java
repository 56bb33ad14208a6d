package io.granary.client.erasure;

import static io.granary.client.erasure.Striping.UNIT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** From a file to shards and back. */
class ShardEncoderTest {
  /** Sizes around every boundary, for several codes. */
  static Stream<Striping> boundaries() {
    int[][] codes = {{1, 0}, {1, 2}, {2, 1}, {3, 0}, {4, 2}};
    return Arrays.stream(codes)
        .flatMap(
            code -> {
              int data = code[0];
              int stripe = data * UNIT;
              return IntStream.of(
                      1,
                      31,
                      32,
                      33,
                      32 * data - 1,
                      32 * data,
                      32 * data + 1,
                      100_003,
                      UNIT - 1,
                      UNIT,
                      UNIT + 1,
                      stripe - 1,
                      stripe,
                      stripe + 1,
                      stripe + 32 * data,
                      stripe + 32 * data + 1,
                      2 * stripe)
                  .distinct()
                  .mapToObj(bytes -> new Striping(data, code[1], bytes));
            });
  }

  @ParameterizedTest
  @MethodSource("boundaries")
  void what_is_coded_comes_back(Striping striping) throws IOException {
    byte[] file = Shards.random((int) striping.bytes(), 7);
    byte[][] shards = ShardCollector.shards(striping, file);
    for (byte[] shard : shards) {
      assertEquals(striping.shardBytes(), shard.length);
    }
    assertLayout(striping, file, shards);
    int[] first = IntStream.range(0, striping.parity()).toArray();
    assertArrayEquals(file, decode(striping, shards, Shards.presentBut(striping.total())));
    assertArrayEquals(file, decode(striping, shards, Shards.presentBut(striping.total(), first)));
  }

  /** Byte by byte as the document says. */
  private static void assertLayout(Striping striping, byte[] file, byte[][] shards) {
    byte[][] expected = new byte[striping.data()][(int) striping.shardBytes()];
    for (int at = 0; at < file.length; at++) {
      int stripe = at / (striping.data() * UNIT);
      int unit = striping.unit(stripe);
      int inStripe = at % (striping.data() * UNIT);
      expected[inStripe / unit][stripe * UNIT + inStripe % unit] = file[at];
    }
    assertArrayEquals(expected, Arrays.copyOf(shards, striping.data()));
  }

  static byte[] decode(Striping striping, byte[][] shards, boolean[] present) {
    ByteBuffer out = ByteBuffer.allocate((int) striping.bytes());
    StripeDecoder decoder = new StripeDecoder(striping);
    for (long stripe = 0; stripe < striping.stripes(); stripe++) {
      byte[][] units = new byte[striping.total()][striping.unit(stripe)];
      for (int i = 0; i < units.length; i++) {
        if (present[i]) {
          System.arraycopy(
              shards[i], (int) striping.offset(stripe), units[i], 0, striping.unit(stripe));
        }
      }
      decoder.decode(stripe, units, present, out);
    }
    assertEquals(0, out.remaining());
    return out.array();
  }

  @Test
  void how_the_bytes_come_makes_no_difference() throws IOException {
    Striping striping = new Striping(3, 2, 3 * UNIT + 5_000);
    byte[] file = Shards.random((int) striping.bytes(), 7);
    ShardCollector collector = new ShardCollector(5);
    ShardEncoder encoder = new ShardEncoder(striping, collector);
    Random random = new Random(1);
    for (int at = 0; at < file.length; ) {
      int length = Math.min(random.nextInt(70_000), file.length - at);
      ByteBuffer some = ByteBuffer.allocateDirect(length).put(file, at, length).flip();
      encoder.update(some);
      assertEquals(0, some.remaining());
      at += length;
    }
    encoder.finish();
    assertArrayEquals(ShardCollector.shards(striping, file), collector.shards());
  }

  @Test
  void a_stripe_is_handed_on_as_soon_as_it_is_full_each_shard_once() throws IOException {
    Striping striping = new Striping(2, 1, 2 * UNIT + 1);
    List<String> taken = new ArrayList<>();
    ShardEncoder encoder =
        new ShardEncoder(
            striping, (shard, bytes, offset, length) -> taken.add(shard + ":" + length));
    encoder.update(ByteBuffer.allocate(2 * UNIT - 1));
    assertEquals(List.of(), taken);
    encoder.update(ByteBuffer.allocate(1));
    assertEquals(List.of("0:" + UNIT, "1:" + UNIT, "2:" + UNIT), taken);
    taken.clear();
    encoder.update(ByteBuffer.allocate(1));
    encoder.finish();
    assertEquals(List.of("0:32", "1:32", "2:32"), taken);
  }

  @Test
  void more_bytes_than_the_file_has() throws IOException {
    ShardCollector collector = new ShardCollector(3);
    ShardEncoder encoder = new ShardEncoder(new Striping(2, 1, 100), collector);
    encoder.update(ByteBuffer.allocate(60));
    ByteBuffer tooMany = ByteBuffer.allocate(41);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> encoder.update(tooMany));
    assertEquals(
        "more bytes came than the 100 that the file has; did it grow while it was read?",
        e.getMessage());
    assertEquals(41, tooMany.remaining(), "none is taken");
    encoder.update(ByteBuffer.allocate(40));
    encoder.finish();
    assertThrows(IllegalArgumentException.class, () -> encoder.update(ByteBuffer.allocate(1)));
    encoder.update(ByteBuffer.allocate(0));
    assertEquals(64, collector.shards()[2].length);
  }

  @Test
  void fewer_bytes_than_the_file_has() throws IOException {
    ShardEncoder encoder = new ShardEncoder(new Striping(2, 1, 100), new ShardCollector(3));
    encoder.update(ByteBuffer.allocate(60));
    IllegalStateException e = assertThrows(IllegalStateException.class, encoder::finish);
    assertEquals(
        "40 of the file's 100 bytes did not come; did it shrink while it was read?",
        e.getMessage());
  }

  @Test
  void what_the_sink_throws_is_passed_on() {
    IOException full = new IOException("disk full");
    ShardEncoder encoder =
        new ShardEncoder(
            new Striping(2, 1, 3),
            (shard, bytes, offset, length) -> {
              throw full;
            });
    assertSame(full, assertThrows(IOException.class, () -> encoder.update(ByteBuffer.allocate(3))));
  }
}
