package io.granary.miner.model;

import io.granary.proofs.piece.RawSize;
import io.granary.proofs.tree.StoredTree;

/** Bytes of disk that a deal takes. */
public final class Footprint {
  private Footprint() {}

  /** The replica and both its trees. */
  public static long sealedBytes(RawSize size) {
    return size.paddedBytes() + 2 * StoredTree.fileSize(size.shape());
  }

  /**
   * The most a deal takes at any moment: the staged piece beside replica and trees, until sealing
   * is done.
   */
  public static long peakBytes(RawSize size) {
    return size.bytes() + sealedBytes(size);
  }
}
