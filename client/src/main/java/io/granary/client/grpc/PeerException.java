package io.granary.client.grpc;

import io.granary.protocol.values.Address;

/**
 * A miner could not or would not do what was asked, or was caught lying; the message says which.
 */
public final class PeerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Address miner;
  private final boolean unreachable;
  private final String refusal;

  /** With what happened. */
  public PeerException(Address miner, String message) {
    this(miner, message, false, "");
  }

  PeerException(Address miner, String message, boolean unreachable, String refusal) {
    super(message);
    this.refusal = refusal;
    this.miner = miner;
    this.unreachable = unreachable;
  }

  /** True when it did not answer, or was asked more than it answers: it may come back. */
  public boolean isUnreachable() {
    return unreachable;
  }

  /** The code of its refusal; empty when it refused nothing. */
  public String refusal() {
    return refusal;
  }

  /** Which miner. */
  public Address miner() {
    return miner;
  }
}
