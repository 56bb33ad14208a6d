package io.granary.client.erasure;

/** The inner loop of coding: adds a multiple of one shard to another. Safe for several threads. */
interface Kernel {
  /**
   * {@code sum[i] += coefficient · shard[i]} in {@link GaloisField}.
   *
   * @param coefficient 0 … 255
   * @param sum not the same array as {@code shard}
   * @param from first index
   * @param to index after the last
   */
  void addMultiple(int coefficient, byte[] shard, byte[] sum, int from, int to);
}
