package io.granary.client.erasure;

/** Byte by byte, through the coefficient's 256 products. */
final class TableKernel implements Kernel {
  @Override
  public void addMultiple(int coefficient, byte[] shard, byte[] sum, int from, int to) {
    byte[] products = GaloisField.multiples(coefficient);
    for (int i = from; i < to; i++) {
      sum[i] ^= products[shard[i] & 0xff];
    }
  }
}
