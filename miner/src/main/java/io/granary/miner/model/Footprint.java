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

  /** Bytes of the largest piece whose peak fits; 0 when none does. */
  public static long largestPiece(long bytes) {
    long fits = 0;
    long tooLarge = RawSize.MAX + 1;
    while (tooLarge - fits > 1) {
      long middle = fits + (tooLarge - fits) / 2;
      if (peakBytes(new RawSize(middle)) <= bytes) {
        fits = middle;
      } else {
        tooLarge = middle;
      }
    }
    return fits;
  }
}
