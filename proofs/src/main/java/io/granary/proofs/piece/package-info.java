/** Pieces: sizes, FR32 padding, the streaming commitment and Piece CIDs (Protocol §2). */
@NullMarked
package io.granary.proofs.piece;

import org.jspecify.annotations.NullMarked;
