package io.granary.client;

import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;

/** A step of a put or a get. */
public sealed interface Progress {
  /** Told each step, from any thread. */
  @FunctionalInterface
  interface Listener {
    /** One step. */
    void on(Progress step);
  }

  /** The file was read and its Piece CID is known. */
  record Hashed(String pieceCid, long bytes) implements Progress {}

  /**
   * The pieces that miners get are made.
   *
   * @param pieces how many
   * @param data any so many of them give the file back
   * @param bytes size of each
   * @param encrypted false: they are for everyone's eyes
   */
  record Prepared(int pieces, int data, long bytes, boolean encrypted) implements Progress {}

  /** A miner took the proposal. */
  record Accepted(Address miner, DealId deal) implements Progress {}

  /** A miner did not take it, or failed; another is asked. */
  record Declined(Address miner, String reason) implements Progress {}

  /** Bytes that are durable at a miner. */
  record Uploading(Address miner, long sent, long total) implements Progress {}

  /** All bytes are at the miner, and it found their root right. */
  record Uploaded(Address miner, DealId deal) implements Progress {}

  /** The deal is on chain; both sides are locked. */
  record Published(Address miner, DealId deal) implements Progress {}

  /** The deal is in the proving set: its replica was opened at random positions on chain. */
  record Active(Address miner, DealId deal) implements Progress {}

  /**
   * A put is over, and this proposal, which was not taken up, can still be published by its miner:
   * one replica more than was asked for.
   */
  record LeftOpen(Address miner, DealId deal, BlockNumber publishBy, TokenAmount price)
      implements Progress {}

  /** Verified bytes are here. */
  record Received(Address miner, long bytes, long total) implements Progress {}

  /** A miner's bytes were not used; the next one is asked. */
  record Failover(Address miner, String reason) implements Progress {}
}
