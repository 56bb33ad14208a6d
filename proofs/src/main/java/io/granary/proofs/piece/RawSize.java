package io.granary.proofs.piece;

import io.granary.proofs.tree.TreeShape;

/**
 * Size of a piece (Protocol §2).
 *
 * @param bytes 1 … 2^38
 */
public record RawSize(long bytes) {
  /** Largest piece. */
  public static final long MAX = 1L << 38;

  /**
   * Checks the range.
   *
   * @throws IllegalArgumentException naming the size when no deal can hold it
   */
  public RawSize {
    if (bytes < 1 || bytes > MAX) {
      throw new IllegalArgumentException(
          "a piece has 1 to 2^38 bytes, not "
              + bytes
              + (bytes == 0 ? "; an empty file cannot be stored" : "; split the file"));
    }
  }

  /** Leaves of 32 bytes: 4·⌈bytes/127⌉. */
  public long leafCount() {
    return 4 * ((bytes + Fr32.RAW - 1) / Fr32.RAW);
  }

  /** The tree over the leaves. */
  public TreeShape shape() {
    return new TreeShape(leafCount());
  }

  /** Bytes of the padded piece and so of its replica. */
  public long paddedBytes() {
    return leafCount() * 32;
  }
}
