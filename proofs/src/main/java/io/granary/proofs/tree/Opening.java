package io.granary.proofs.tree;

import io.granary.proofs.Hash32;
import io.granary.proofs.hash.NodeHasher;
import java.util.Arrays;

/**
 * A leaf and its path, bottom-up (Protocol §2), packed as on chain: leaf ‖ path, 32 bytes a node.
 */
public final class Opening {
  private final byte[] packed;

  private Opening(byte[] packed) {
    this.packed = packed;
  }

  /**
   * From leaf ‖ path.
   *
   * @throws IllegalArgumentException unless it is 1 to 35 nodes of 32 bytes
   */
  public static Opening of(byte[] packed) {
    if (packed.length < 32
        || packed.length % 32 != 0
        || packed.length > 32 * (TreeShape.MAX_HEIGHT + 1)) {
      throw new IllegalArgumentException(
          "an opening is a leaf and at most 34 nodes of 32 bytes, not " + packed.length + " bytes");
    }
    return new Opening(packed.clone());
  }

  /** Bytes of an opening in a tree of that shape. */
  public static int bytes(TreeShape shape) {
    return 32 * (shape.height() + 1);
  }

  /** Leaf ‖ path, a copy. */
  public byte[] packed() {
    return packed.clone();
  }

  /** The leaf, a copy. */
  public byte[] leaf() {
    return Arrays.copyOf(packed, 32);
  }

  /** The path, a copy. */
  public byte[] path() {
    return Arrays.copyOfRange(packed, 32, packed.length);
  }

  /** True when this opens that leaf of a tree with that root and leaf count. */
  public boolean opens(Hash32 root, long index, long leafCount) {
    TreeShape shape = new TreeShape(leafCount);
    if (index < 0 || index >= leafCount || packed.length != bytes(shape)) {
      return false;
    }
    SubtreeHasher hasher = new SubtreeHasher(NodeHasher.create());
    Hash32 node = Hash32.at(packed, 0);
    for (int level = 0; level < shape.height(); level++) {
      Hash32 sibling = Hash32.at(packed, 32 * (level + 1));
      node = ((index >>> level) & 1) == 0 ? hasher.node(node, sibling) : hasher.node(sibling, node);
    }
    return node.equals(root);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Opening that && Arrays.equals(packed, that.packed);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(packed);
  }
}
