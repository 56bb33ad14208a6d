package io.granary.proofs.hash;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

/** Both engines against the plain definition, and the choice between them. */
class HashEngineTest {
  @Property(tries = 100)
  void nodes_are_those_of_the_definition(
      @ForAll @IntRange(max = 200) int count,
      @ForAll @IntRange(max = 70) int inOffset,
      @ForAll @IntRange(max = 70) int outOffset,
      @ForAll long seed) {
    byte[] in = random(seed, inOffset + 64 * count + 3);
    byte[] expected = random(seed + 1, outOffset + 32 * count + 3);
    byte[] before = expected.clone();
    for (int i = 0; i < count; i++) {
      int from = inOffset + 64 * i;
      byte[] node = Sha256.hash(Arrays.copyOfRange(in, from, from + 64)).bytes();
      node[31] &= 0x3f;
      System.arraycopy(node, 0, expected, outOffset + 32 * i, 32);
    }
    for (HashEngine engine : HashEngine.values()) {
      byte[] out = before.clone();
      engine.nodes().hash(in, inOffset, out, outOffset, count);
      assertArrayEquals(expected, out, engine.name());
    }
  }

  @Property(tries = 50)
  void a_level_is_hashed_in_place(@ForAll @IntRange(max = 200) int count, @ForAll long seed) {
    byte[] in = random(seed, 64 * count);
    byte[] expected = new byte[32 * count];
    HashEngine.MESSAGE_DIGEST.nodes().hash(in, 0, expected, 0, count);
    for (HashEngine engine : HashEngine.values()) {
      byte[] both = in.clone();
      engine.nodes().hash(both, 0, both, 0, count);
      assertArrayEquals(expected, Arrays.copyOf(both, 32 * count), engine.name());
    }
  }

  @Property(tries = 100)
  void masks_are_those_of_the_definition(
      @ForAll @IntRange(max = 100) int count,
      @ForAll @LongRange(max = 1L << 34) long first,
      @ForAll long seed) {
    masksAgree(count, first, seed);
  }

  @Test
  void masks_at_the_end_of_32_bits() {
    masksAgree(64, (1L << 32) - 33, 1);
    masksAgree(64, (1L << 31) - 33, 2);
  }

  private static void masksAgree(int count, long first, long seed) {
    Hash32 id = Hash32.of(random(seed, 32));
    byte[] leaves = random(seed + 1, 5 + 32 * count + 3);
    byte[] expected = leaves.clone();
    for (int i = 0; i < count; i++) {
      byte[] position = ByteBuffer.allocate(8).putLong(first + i).array();
      byte[] mask = Sha256.hash(id.bytes(), position).bytes();
      for (int b = 0; b < 32; b++) {
        expected[5 + 32 * i + b] ^= mask[b];
      }
    }
    for (HashEngine engine : HashEngine.values()) {
      byte[] masked = leaves.clone();
      MaskXor masks = engine.masks();
      masks.apply(id, first, masked, 5, count);
      assertArrayEquals(expected, masked, engine.name());
      masks.apply(id, first, masked, 5, count);
      assertArrayEquals(leaves, masked, engine.name());
    }
  }

  @Test
  void the_chosen_engine_is_the_one_in_use_and_says_why() {
    HashEngine.Choice choice = HashEngine.useFastest();
    assertSame(choice.engine(), HashEngine.inUse());
    // Tests of this module run with the vector module, so only the processor can speak against it.
    if (Sha256Lanes.isNative()) {
      assertTrue(choice.reason().matches("measured [0-9.]+ million nodes .*"), choice.reason());
    } else {
      assertEquals(HashEngine.MESSAGE_DIGEST, choice.engine());
      assertTrue(choice.reason().contains("512 bits"), choice.reason());
    }
  }

  private static byte[] random(long seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }
}
