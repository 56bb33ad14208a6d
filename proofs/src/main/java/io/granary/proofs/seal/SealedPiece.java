package io.granary.proofs.seal;

import io.granary.proofs.Hash32;

/**
 * What sealing found.
 *
 * @param pieceRoot root of the piece's tree
 * @param sealedRoot root of the replica's tree
 */
public record SealedPiece(Hash32 pieceRoot, Hash32 sealedRoot) {}
