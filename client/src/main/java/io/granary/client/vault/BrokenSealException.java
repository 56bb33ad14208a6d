package io.granary.client.vault;

import java.io.IOException;

/**
 * Sealed bytes do not open: they were cut or changed, or belong to another file or wallet. The
 * message says which bytes and what to do.
 */
public final class BrokenSealException extends IOException {
  private static final long serialVersionUID = 1L;

  BrokenSealException(String message) {
    super(message);
  }

  BrokenSealException(String message, Throwable cause) {
    super(message, cause);
  }
}
