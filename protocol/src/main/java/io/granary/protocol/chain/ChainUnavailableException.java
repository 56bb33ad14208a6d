package io.granary.protocol.chain;

/**
 * The chain could not be asked: endpoint down, timeout, malformed answer. Trying again later may
 * help.
 */
public class ChainUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With what was tried and what to check. */
  public ChainUnavailableException(
      String message, @org.jspecify.annotations.Nullable Throwable cause) {
    super(message, cause);
  }
}
