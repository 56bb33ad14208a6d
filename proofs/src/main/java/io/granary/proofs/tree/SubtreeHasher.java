package io.granary.proofs.tree;

import io.granary.proofs.Hash32;
import io.granary.proofs.hash.NodeHasher;

/** Roots of whole sub-trees, a level at a time. Not safe for several threads. */
public final class SubtreeHasher {
  private final NodeHasher hasher;
  private byte[] scratch = new byte[0];
  private final byte[] pair = new byte[64];

  /** Over an engine of this thread. */
  public SubtreeHasher(NodeHasher hasher) {
    this.hasher = hasher;
  }

  /** Parent of two nodes. */
  public Hash32 node(Hash32 left, Hash32 right) {
    left.copyTo(pair, 0);
    right.copyTo(pair, 32);
    hasher.hash(pair, 0, pair, 0, 1);
    return Hash32.at(pair, 0);
  }

  /** Root of {@code 2^levels} nodes of 32 bytes from {@code offset} on. */
  public Hash32 root(byte[] nodes, int offset, int levels) {
    return levels == 0
        ? Hash32.at(nodes, offset)
        : Hash32.at(reduce(nodes, offset, 1 << levels, levels), 0);
  }

  /**
   * Roots of consecutive sub-trees: {@code count} nodes become {@code count / 2^levels}.
   *
   * @return an array whose first bytes are the roots, in order; reused by the next call
   */
  public byte[] reduce(byte[] nodes, int offset, int count, int levels) {
    if (levels < 1 || count < 1 || count % (1 << levels) != 0) {
      throw new IllegalArgumentException(
          count + " nodes are no whole sub-trees of " + levels + " levels");
    }
    if (scratch.length < count * 16) {
      scratch = new byte[count * 16];
    }
    int n = count / 2;
    hasher.hash(nodes, offset, scratch, 0, n);
    for (int level = 1; level < levels; level++) {
      n /= 2;
      hasher.hash(scratch, 0, scratch, 0, n);
    }
    return scratch;
  }
}
