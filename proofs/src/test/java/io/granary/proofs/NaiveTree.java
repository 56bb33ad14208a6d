package io.granary.proofs;

import io.granary.proofs.piece.RawSize;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** The slow and obvious reference: bits as a big number, trees by recursion. */
public final class NaiveTree {
  private NaiveTree() {}

  /** FR32 by arithmetic on one big number for each 127 bytes, the last padded with zeros. */
  public static List<byte[]> leaves(byte[] raw) {
    BigInteger mask = BigInteger.TWO.pow(254).subtract(BigInteger.ONE);
    List<byte[]> leaves = new ArrayList<>();
    for (int group = 0; group < Math.max(1, (raw.length + 126) / 127); group++) {
      byte[] bigEndian = new byte[127];
      for (int i = 0; i < 127 && 127 * group + i < raw.length; i++) {
        bigEndian[126 - i] = raw[127 * group + i];
      }
      BigInteger bits = new BigInteger(1, bigEndian);
      for (int i = 0; i < 4; i++) {
        byte[] number = bits.shiftRight(254 * i).and(mask).toByteArray();
        byte[] leaf = new byte[32];
        for (int b = 0; b < number.length && b < 32; b++) {
          leaf[b] = number[number.length - 1 - b];
        }
        leaves.add(leaf);
      }
    }
    return leaves;
  }

  /** Hash of two nodes. */
  public static byte[] node(byte[] left, byte[] right) {
    byte[] hash = Sha256.hash(left, right).bytes();
    hash[31] &= 0x3f;
    return hash;
  }

  /** A node of the tree over leaves that are zero beyond the list. */
  public static byte[] node(List<byte[]> leaves, int level, long index) {
    if (level == 0) {
      return index < leaves.size() ? leaves.get((int) index) : new byte[32];
    }
    return node(node(leaves, level - 1, 2 * index), node(leaves, level - 1, 2 * index + 1));
  }

  /** Root. */
  public static Hash32 root(List<byte[]> leaves) {
    return Hash32.of(node(leaves, height(leaves.size()), 0));
  }

  /** ⌈log2⌉ by counting. */
  public static int height(long leaves) {
    int h = 0;
    while (1L << h < leaves) {
      h++;
    }
    return h;
  }

  /** Leaf and path. */
  public static byte[] opening(List<byte[]> leaves, long index) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(node(leaves, 0, index));
    for (int level = 0; level < height(leaves.size()); level++) {
      out.writeBytes(node(leaves, level, (index >>> level) ^ 1));
    }
    return out.toByteArray();
  }

  /** Bytes that differ. */
  public static byte[] random(int size, long seed) {
    byte[] bytes = new byte[size];
    new java.util.Random(seed).nextBytes(bytes);
    return bytes;
  }

  /** For readers of the size. */
  public static RawSize size(byte[] raw) {
    return new RawSize(raw.length);
  }
}
