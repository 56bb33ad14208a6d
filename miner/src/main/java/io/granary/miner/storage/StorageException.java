package io.granary.miner.storage;

/**
 * The store or the disk failed; nothing that was acknowledged is lost. A restart may help once the
 * cause is gone.
 */
public final class StorageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With what was tried and what to check. */
  public StorageException(String message, Throwable cause) {
    super(message, cause);
  }

  /** With what is wrong and the remedy. */
  public StorageException(String message) {
    super(message);
  }
}
