package io.granary.client.erasure;

/**
 * The code by another definition: byte i of the data shards are the values at 0 … k − 1 of a
 * polynomial of degree below k, and byte i of shard x is its value at x (Lagrange).
 */
final class NaiveCode {
  private NaiveCode() {}

  /** In GF(2^8), by shifting and adding. */
  static int product(int a, int b) {
    int sum = 0;
    for (int bit = 7; bit >= 0; bit--) {
      sum <<= 1;
      sum ^= sum > 0xff ? 0x11d : 0;
      sum ^= (b >>> bit & 1) == 1 ? a : 0;
    }
    return sum;
  }

  /** In GF(2^8), by trying. */
  static int quotient(int a, int b) {
    for (int q = 0; q < 256; q++) {
      if (product(q, b) == a) {
        return q;
      }
    }
    throw new ArithmeticException(a + " / " + b);
  }

  /** What data shard {@code i} of {@code data} is multiplied with for shard {@code x}. */
  static int coefficient(int data, int i, int x) {
    int above = 1;
    int below = 1;
    for (int j = 0; j < data; j++) {
      if (j != i) {
        above = product(above, x ^ j);
        below = product(below, i ^ j);
      }
    }
    return quotient(above, below);
  }

  /** Fills the shards behind the first {@code data}. */
  static void encode(byte[][] shards, int data) {
    for (int x = data; x < shards.length; x++) {
      for (int i = 0; i < data; i++) {
        int coefficient = coefficient(data, i, x);
        for (int b = 0; b < shards[x].length; b++) {
          shards[x][b] ^= (byte) product(coefficient, shards[i][b] & 0xff);
        }
      }
    }
  }
}
