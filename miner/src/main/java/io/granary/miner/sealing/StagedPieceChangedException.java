package io.granary.miner.sealing;

import java.io.IOException;

/** The staged piece is no longer what was uploaded: it cannot be sealed, and has to come again. */
final class StagedPieceChangedException extends IOException {
  private static final long serialVersionUID = 1L;

  StagedPieceChangedException(String message) {
    super(message);
  }
}
