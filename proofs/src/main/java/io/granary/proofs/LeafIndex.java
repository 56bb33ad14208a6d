package io.granary.proofs;

import io.granary.proofs.tree.TreeShape;

/**
 * Position of a 32-byte leaf in its tree.
 *
 * @param value 0 … 2^34-1
 */
public record LeafIndex(long value) {
  /**
   * Checks the range.
   *
   * @throws IllegalArgumentException outside a tree of the greatest height
   */
  public LeafIndex {
    if (value < 0 || value >= 1L << TreeShape.MAX_HEIGHT) {
      throw new IllegalArgumentException("a leaf index lies between 0 and 2^34-1, not " + value);
    }
  }
}
