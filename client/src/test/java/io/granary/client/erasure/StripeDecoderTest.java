package io.granary.client.erasure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class StripeDecoderTest {
  private static final Striping STRIPING = new Striping(2, 2, 70);

  @Property(tries = 60)
  void any_k_shards_give_the_file_back(
      @ForAll @IntRange(min = 1, max = 20) int data,
      @ForAll @IntRange(max = 10) int parity,
      @ForAll @IntRange(min = 1, max = 3_000_000) int bytes,
      @ForAll long seed)
      throws IOException {
    Striping striping = new Striping(data, parity, bytes);
    byte[] file = Shards.random(bytes, seed);
    List<Integer> all = new ArrayList<>(IntStream.range(0, data + parity).boxed().toList());
    Collections.shuffle(all, new Random(seed));
    int[] lost = all.stream().limit(parity).mapToInt(i -> i).toArray();
    assertArrayEquals(
        file,
        ShardEncoderTest.decode(
            striping,
            ShardCollector.shards(striping, file),
            Shards.presentBut(data + parity, lost)));
  }

  @Test
  void too_few_units_or_too_little_room() throws IOException {
    byte[][] units = ShardCollector.shards(STRIPING, Shards.random(70, 1));
    StripeDecoder decoder = new StripeDecoder(STRIPING);
    ByteBuffer out = ByteBuffer.allocate(80);
    boolean[] present = Shards.presentBut(4, 0, 2, 3);
    IllegalArgumentException few =
        assertThrows(IllegalArgumentException.class, () -> decoder.decode(0, units, present, out));
    assertEquals("1 of 4 shards are there and any 2 are needed", few.getMessage());
    out.limit(69);
    IllegalArgumentException room =
        assertThrows(
            IllegalArgumentException.class,
            () -> decoder.decode(0, units, Shards.presentBut(4), out));
    assertEquals("stripe 0 has 70 bytes and there is room for 69", room.getMessage());
    units[1] = new byte[63];
    out.clear();
    IllegalArgumentException length =
        assertThrows(
            IllegalArgumentException.class,
            () -> decoder.decode(0, units, Shards.presentBut(4, 0), out));
    assertEquals("cannot code 64 bytes: the array of shard 1 has 63", length.getMessage());
    assertEquals(0, out.position(), "nothing is put");
    assertThrows(
        IndexOutOfBoundsException.class, () -> decoder.decode(1, units, Shards.presentBut(4), out));
  }
}
