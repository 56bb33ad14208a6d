package io.granary.proofs.tree;

import java.io.IOException;

/** A tree file is not what it should be; it can be rebuilt from its data. */
public final class CorruptTreeException extends IOException {
  private static final long serialVersionUID = 1L;

  /** With the file, what is wrong, and the remedy. */
  public CorruptTreeException(String message) {
    super(message);
  }
}
