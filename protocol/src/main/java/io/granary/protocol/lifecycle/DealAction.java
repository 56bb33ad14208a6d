package io.granary.protocol.lifecycle;

import io.granary.protocol.values.DealId;

/** What a miner is to do for a deal now. Doing one twice does no harm. */
public sealed interface DealAction {
  /** The deal. */
  DealId id();

  /** Make the replica. */
  record Seal(DealId id) implements DealAction {}

  /** Publish it. */
  record Publish(DealId id) implements DealAction {}

  /** Answer the seal challenge. */
  record Activate(DealId id) implements DealAction {}

  /** Note that the contract has the deal in a later state than the store. */
  record Advance(DealId id, io.granary.protocol.deal.DealStage to) implements DealAction {}

  /** Settle closed periods. */
  record Settle(DealId id) implements DealAction {}

  /** End it. */
  record Complete(DealId id) implements DealAction {}

  /** Take the collateral back of a deal that was not activated in time. */
  record Expire(DealId id) implements DealAction {}

  /** End it after too many misses, so that its lost data no longer spoils the miner's draws. */
  record Terminate(DealId id) implements DealAction {}

  /** Remove its ended entry from the proving set. */
  record Purge(DealId id) implements DealAction {}

  /** Delete its data, once the block in which it was seen to be over is buried. */
  record Delete(DealId id, String reason) implements DealAction {}

  /** Delete its data; it never became active. */
  record GiveUp(DealId id, String reason) implements DealAction {}
}
