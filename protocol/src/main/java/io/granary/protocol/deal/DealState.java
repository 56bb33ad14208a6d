package io.granary.protocol.deal;

/** Life of a deal id on chain (Protocol §3.5), in the order of the contract's enum. */
public enum DealState {
  /** Never seen. */
  NONE,
  /** Both sides locked; the seal challenge is pending. */
  PUBLISHED,
  /** In the proving set. */
  ACTIVE,
  /** Ran to its end. */
  COMPLETED,
  /** Published, never activated in time. */
  EXPIRED,
  /** Forfeited after too many misses in a row. */
  TERMINATED,
  /** Taken back by the client before it was published. */
  CANCELLED,
  /** Active, but its miner has declared that it cannot prove the replica (Protocol §5.8). */
  FAULTY;

  /** True when nothing can happen to the deal any more. */
  public boolean isFinal() {
    return this == COMPLETED || this == EXPIRED || this == TERMINATED || this == CANCELLED;
  }

  /** True while it has periods: active, or active and faulty. */
  public boolean isRunning() {
    return this == ACTIVE || this == FAULTY;
  }
}
