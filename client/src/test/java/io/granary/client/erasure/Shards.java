package io.granary.client.erasure;

import java.util.Arrays;
import java.util.Random;

/** Shards for tests. */
final class Shards {
  private Shards() {}

  static byte[] random(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  /** Random data, coded, in arrays that are {@code spare} bytes longer than what is coded. */
  static byte[][] coded(ReedSolomon code, int length, int spare, long seed) {
    byte[][] shards = new byte[code.total()][];
    Arrays.setAll(shards, i -> random(length + spare, seed + i));
    code.encode(shards, length);
    return shards;
  }

  static byte[][] copy(byte[][] shards) {
    return Arrays.stream(shards).map(byte[]::clone).toArray(byte[][]::new);
  }

  /** Marks of {@code total} shards, all there but these. */
  static boolean[] presentBut(int total, int... missing) {
    boolean[] present = new boolean[total];
    Arrays.fill(present, true);
    for (int i : missing) {
      present[i] = false;
    }
    return present;
  }

  /** The shards with others' bytes in place of the first {@code length} of those missing. */
  static byte[][] damaged(byte[][] shards, boolean[] present, int length) {
    byte[][] damaged = copy(shards);
    for (int i = 0; i < shards.length; i++) {
      if (!present[i]) {
        System.arraycopy(random(length, ~i), 0, damaged[i], 0, length);
      }
    }
    return damaged;
  }
}
