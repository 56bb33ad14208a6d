package io.granary.proofs.piece;

import io.granary.proofs.Hash32;

/**
 * What a piece is known by: the root of its tree and its size (Protocol §2).
 *
 * @param root root of the piece tree
 * @param rawBytes its size in bytes, 0 … 2^38; no deal holds an empty piece
 */
public record PieceCommitment(Hash32 root, long rawBytes) {
  /** The size as deals want it. */
  public RawSize size() {
    return new RawSize(rawBytes);
  }

  /** Its Piece CID. */
  public PieceCid cid() {
    return new PieceCid(root, rawBytes);
  }
}
