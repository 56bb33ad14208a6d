package io.granary.protocol.chain;

/** A transaction was refused where the caller expected it to go through. */
public final class TxRefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient TxResult.Refused refusal;

  /** With the contract's answer. */
  public TxRefusedException(TxResult.Refused refusal) {
    super(refusal.error() + ": " + refusal.message());
    this.refusal = refusal;
  }

  /** What the contract answered. */
  public TxResult.Refused refusal() {
    return refusal;
  }
}
