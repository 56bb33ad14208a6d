package io.granary.client;

/** A client's operation failed; the code is stable, the message names the value and the remedy. */
public final class ClientException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Code code;

  /** What went wrong. */
  public enum Code {
    /** The file cannot be stored as it is: too large, unreadable, another one of its name. */
    BAD_FILE,
    /** Too little is deposited. */
    INSUFFICIENT_ESCROW,
    /** Fewer miners than the file needs took a deal. */
    NOT_ENOUGH_MINERS,
    /** No such file in the catalogue. */
    UNKNOWN_FILE,
    /** No such deal in the catalogue. */
    UNKNOWN_DEAL,
    /** The deal is not, or no longer, one that can be cancelled. */
    NOT_CANCELLABLE,
    /** The deal does not go on: it is over, or its miner does not agree. */
    NOT_RENEWED,
    /** The deal does not move to another miner: it is over, or that miner did not take it. */
    NOT_HANDED_OVER,
    /** The miner cannot prolong the deal at the moment; the same again may do later. */
    RENEW_LATER,
    /** The file's key is another wallet's, or damaged. */
    BAD_KEY,
    /** Too few miners gave their bytes back. */
    RETRIEVAL_FAILED,
    /** The operation was interrupted; doing it again goes on where it stopped. */
    INTERRUPTED
  }

  /** With what to do about it. */
  public ClientException(Code code, String message) {
    super(message);
    this.code = code;
  }

  /** With its cause. */
  public ClientException(Code code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /** Which kind. */
  public Code code() {
    return code;
  }
}
