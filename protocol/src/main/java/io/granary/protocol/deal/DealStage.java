package io.granary.protocol.deal;

/** Where a deal stands at its miner; the order is the order of a life. */
public enum DealStage {
  /** The proposal was accepted; bytes are awaited. */
  ACCEPTED,
  /** All bytes are here and their root was checked. */
  UPLOADED,
  /** The replica is being made. */
  SEALING,
  /** Replica and trees are durable. */
  SEALED,
  /** On chain, the seal challenge is pending. */
  PUBLISHED,
  /** In the proving set. */
  ACTIVE,
  /** Over; the data is deleted. */
  ENDED,
  /** Given up before it was active. */
  FAILED
}
