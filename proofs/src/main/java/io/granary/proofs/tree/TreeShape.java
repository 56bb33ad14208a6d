package io.granary.proofs.tree;

import io.granary.proofs.Hash32;
import io.granary.proofs.hash.NodeHasher;
import java.util.ArrayList;
import java.util.List;

/**
 * Shape of a tree over a number of leaves (Protocol §2); leaves beyond them are zero.
 *
 * @param leafCount 1 … 2^34
 */
public record TreeShape(long leafCount) {
  /** Greatest height. */
  public static final int MAX_HEIGHT = 34;

  /** Level of the roots of 4 KiB blocks, below which stored trees keep nothing. */
  public static final int BLOCK_LEVEL = 7;

  private static final List<Hash32> ZERO_ROOTS = zeroRoots();

  /**
   * Checks the range.
   *
   * @throws IllegalArgumentException outside a tree of the greatest height
   */
  public TreeShape {
    if (leafCount < 1 || leafCount > 1L << MAX_HEIGHT) {
      throw new IllegalArgumentException("a tree has 1 to 2^34 leaves, not " + leafCount);
    }
  }

  private static List<Hash32> zeroRoots() {
    SubtreeHasher hasher = new SubtreeHasher(NodeHasher.create());
    List<Hash32> roots = new ArrayList<>();
    roots.add(Hash32.ZERO);
    for (int level = 1; level <= MAX_HEIGHT; level++) {
      roots.add(hasher.node(roots.getLast(), roots.getLast()));
    }
    return List.copyOf(roots);
  }

  /** Root of a sub-tree of {@code 2^level} zero leaves. */
  public static Hash32 zeroRoot(int level) {
    return ZERO_ROOTS.get(level);
  }

  /** ⌈log2 leafCount⌉. */
  public int height() {
    return leafCount == 1 ? 0 : 64 - Long.numberOfLeadingZeros(leafCount - 1);
  }

  /** Level of the block roots: 7, or the height of a smaller tree. */
  public int base() {
    return Math.min(BLOCK_LEVEL, height());
  }

  /** Nodes of a level that have leaves below them. */
  public long nodesAt(int level) {
    return (leafCount + (1L << level) - 1) >>> level;
  }

  /**
   * Checks an index.
   *
   * @throws IllegalArgumentException when no such leaf exists
   */
  public void requireLeaf(long index) {
    if (index < 0 || index >= leafCount) {
      throw new IllegalArgumentException(
          "leaf " + index + " is not below the tree's " + leafCount + " leaves");
    }
  }
}
