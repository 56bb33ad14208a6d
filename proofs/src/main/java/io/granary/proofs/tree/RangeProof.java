package io.granary.proofs.tree;

import io.granary.proofs.Hash32;
import io.granary.proofs.hash.NodeHasher;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Ties leaves [first, first + count) to a root (Protocol §2): the roots of the maximal sub-trees
 * left and right of the range that have leaves, in the order of a depth-first, left-to-right walk.
 */
public final class RangeProof {
  private RangeProof() {}

  /**
   * Proves a range. Reads at most two blocks of data.
   *
   * @param first first leaf
   * @param count leaves, at least 1
   * @return nodes of 32 bytes, concatenated
   * @throws IOException when tree or data cannot be read
   * @throws IllegalArgumentException when the range is empty or not within the leaf count
   */
  public static byte[] prove(StoredTree tree, BlockSource source, long first, int count)
      throws IOException {
    requireRange(tree.shape(), first, count);
    Collector collector = new Collector(tree, source, first, first + count);
    collector.walk(tree.shape().height(), 0);
    return collector.out.toByteArray();
  }

  private static void requireRange(TreeShape shape, long first, int count) {
    if (first < 0 || count < 1 || first > shape.leafCount() - count) {
      throw new IllegalArgumentException(
          count
              + " leaves from leaf "
              + first
              + " are not within the tree's "
              + shape.leafCount()
              + "; ask for at least one leaf below that");
    }
  }

  private static final class Collector {
    private final StoredTree tree;
    private final BlockSource source;
    private final long from;
    private final long to;
    private final SubtreeHasher hasher = new SubtreeHasher(NodeHasher.create());
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private byte[] block = new byte[0];
    private long loaded = -1;

    Collector(StoredTree tree, BlockSource source, long from, long to) {
      this.tree = tree;
      this.source = source;
      this.from = from;
      this.to = to;
    }

    void walk(int level, long index) throws IOException {
      long start = index << level;
      long end = (index + 1) << level;
      if (start >= tree.shape().leafCount() || (start >= from && end <= to)) {
        return;
      }
      if (end <= from || start >= to) {
        out.writeBytes(node(level, index).bytes());
        return;
      }
      walk(level - 1, 2 * index);
      walk(level - 1, 2 * index + 1);
    }

    private Hash32 node(int level, long index) throws IOException {
      int base = tree.shape().base();
      if (level >= base) {
        return tree.node(level, index);
      }
      long start = index << level;
      // A block is read, and unsealed, once: at most two of them hold nodes below the stored
      // levels.
      if (loaded != start >>> base) {
        loaded = start >>> base;
        block = tree.block(loaded, source);
      }
      return hasher.root(block, 32 * (int) (start - (loaded << base)), level);
    }
  }

  /**
   * True when the leaves and the proof lead to the root. Any wrong length is a false, never an
   * exception.
   *
   * @param leaves {@code count·32} bytes
   * @param proof nodes of 32 bytes, concatenated
   */
  public static boolean verify(
      Hash32 root, TreeShape shape, long first, byte[] leaves, byte[] proof) {
    if (leaves.length == 0
        || leaves.length % 32 != 0
        || proof.length % 32 != 0
        || first < 0
        || first > shape.leafCount() - leaves.length / 32) {
      return false;
    }
    Walk walk = new Walk(shape, first, leaves, ByteBuffer.wrap(proof));
    Hash32 computed = walk.node(shape.height(), 0);
    return !walk.truncated && !walk.proof.hasRemaining() && computed.equals(root);
  }

  private static final class Walk {
    private final TreeShape shape;
    private final long from;
    private final long to;
    private final byte[] leaves;
    private final ByteBuffer proof;
    private final SubtreeHasher hasher = new SubtreeHasher(NodeHasher.create());
    private boolean truncated;

    Walk(TreeShape shape, long from, byte[] leaves, ByteBuffer proof) {
      this.shape = shape;
      this.from = from;
      this.to = from + leaves.length / 32;
      this.leaves = leaves;
      this.proof = proof;
    }

    Hash32 node(int level, long index) {
      long start = index << level;
      long end = (index + 1) << level;
      if (start >= shape.leafCount()) {
        return TreeShape.zeroRoot(level);
      }
      if (end <= from || start >= to) {
        return next();
      }
      // Whole sub-trees of up to 2^20 leaves are hashed a level at a time.
      if (start >= from && end <= to && level <= 20) {
        return hasher.root(leaves, (int) (32 * (start - from)), level);
      }
      Hash32 left = node(level - 1, 2 * index);
      return hasher.node(left, node(level - 1, 2 * index + 1));
    }

    private Hash32 next() {
      if (proof.remaining() < 32) {
        truncated = true;
        return Hash32.ZERO;
      }
      byte[] node = new byte[32];
      proof.get(node);
      return Hash32.of(node);
    }
  }
}
