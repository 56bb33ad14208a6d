package io.granary.client.erasure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class ReedSolomonProperties {
  /** As many of a code's shards are lost as may be, at random. */
  private static boolean[] losses(ReedSolomon code, long seed) {
    List<Integer> all = new ArrayList<>(IntStream.range(0, code.total()).boxed().toList());
    Collections.shuffle(all, new Random(seed));
    return Shards.presentBut(
        code.total(), all.stream().limit(code.parity()).mapToInt(i -> i).toArray());
  }

  @Property(tries = 150)
  void any_k_of_n_give_everything_back_and_no_byte_beyond_is_touched(
      @ForAll @IntRange(min = 1, max = 64) int data,
      @ForAll @IntRange(max = 64) int parity,
      @ForAll @IntRange(min = 1, max = 100_000) int anyLength,
      @ForAll long seed) {
    // Large files of few shards, small ones of many.
    int length = 1 + anyLength % (1 + 2_000_000 / (data * (1 + parity)));
    for (CodingEngine engine : CodingEngine.values()) {
      ReedSolomon code = ReedSolomon.of(data, parity, engine);
      byte[][] shards = Shards.coded(code, length, 3, seed);
      boolean[] present = losses(code, seed);
      byte[][] damaged = Shards.damaged(shards, present, length);
      code.reconstruct(damaged, present, length);
      assertArrayEquals(shards, damaged, engine.name());
    }
  }

  @Property(tries = 60)
  void shards_are_those_of_the_naive_code(
      @ForAll @IntRange(min = 1, max = 64) int data,
      @ForAll @IntRange(max = 64) int parity,
      @ForAll @IntRange(min = 1, max = 60) int length,
      @ForAll long seed) {
    for (CodingEngine engine : CodingEngine.values()) {
      byte[][] shards = Shards.coded(ReedSolomon.of(data, parity, engine), length, 0, seed);
      byte[][] expected = Shards.copy(shards);
      Arrays.stream(expected).skip(data).forEach(parityShard -> Arrays.fill(parityShard, (byte) 0));
      NaiveCode.encode(expected, data);
      assertArrayEquals(expected, shards, engine.name());
    }
  }

  @Property(tries = 500)
  void kernels_agree_with_shifting_and_adding(
      @ForAll @IntRange(max = 255) int coefficient,
      @ForAll @IntRange(max = 40) int from,
      @ForAll @IntRange(max = 300) int length,
      @ForAll long seed) {
    byte[] shard = Shards.random(from + length + 3, seed);
    byte[] before = Shards.random(from + length + 3, seed + 1);
    byte[] expected = before.clone();
    for (int i = from; i < from + length; i++) {
      expected[i] ^= (byte) NaiveCode.product(coefficient, shard[i] & 0xff);
    }
    for (CodingEngine engine : CodingEngine.values()) {
      byte[] sum = before.clone();
      engine.kernel().addMultiple(coefficient, shard, sum, from, from + length);
      assertArrayEquals(expected, sum, engine.name());
    }
  }

  @Property(tries = 5)
  void kernels_agree_on_every_product_of_a_long_shard(
      @ForAll @IntRange(min = 60_000, max = 100_000) int length, @ForAll long seed) {
    byte[] shard = Shards.random(length, seed);
    for (int coefficient = 0; coefficient < GaloisField.SIZE; coefficient++) {
      byte[] byTable = new byte[length];
      byte[] byVector = new byte[length];
      CodingEngine.TABLE.kernel().addMultiple(coefficient, shard, byTable, 0, length);
      CodingEngine.VECTOR.kernel().addMultiple(coefficient, shard, byVector, 0, length);
      assertEquals(-1, Arrays.mismatch(byTable, byVector), "coefficient " + coefficient);
    }
  }
}
