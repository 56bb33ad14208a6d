package io.granary.proofs.seal;

import io.granary.proofs.Hash32;
import io.granary.proofs.piece.Chunks;
import java.util.Optional;

/**
 * A stretch of 64 whole chunks of a replica that is durable, trees included: what a sealing that
 * was cut off does not do again. What is shorter, at the end of a piece, is no range.
 *
 * @param index its number, from 0
 * @param sum CRC-32C over the CRC-32Cs of its sealed chunks, as big-endian uint32s in their order
 * @param sealedRoot its node in the sealed tree, at {@link #LEVEL}
 * @param pieceRoot its node in the piece tree, when that was made in the same pass
 */
public record SealedRange(long index, int sum, Hash32 sealedRoot, Optional<Hash32> pieceRoot) {
  /** Level of its node in either tree. */
  public static final int LEVEL = 21;

  /** Raw bytes of a range, which are 64 MiB padded. */
  public static final long RAW = (long) Chunks.RAW << (LEVEL - Chunks.LEVEL);
}
