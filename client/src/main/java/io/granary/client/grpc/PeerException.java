package io.granary.client.grpc;

import io.granary.protocol.values.Address;

/**
 * A miner could not or would not do what was asked, or was caught lying; the message says which.
 */
public final class PeerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Address miner;

  /** With what happened. */
  public PeerException(Address miner, String message) {
    super(message);
    this.miner = miner;
  }

  /** Which miner. */
  public Address miner() {
    return miner;
  }
}
