package io.granary.client;

import io.granary.proofs.piece.PieceCommitment;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * A piece that a miner may want.
 *
 * @param index which of its file's
 * @param commitment root and size
 * @param file has its bytes; asked for when a miner lacks some
 */
record LocalPiece(int index, PieceCommitment commitment, Supplier<Path> file) {}
