package io.granary.protocol.chain;

import io.granary.proofs.Hash32;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.DealKey;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import io.granary.protocol.values.TxHash;

/** One log of the market contract, typed. Fields as in {@code IStorageMarket.sol}. */
public sealed interface MarketEvent {
  /** Where the log stands. */
  Position at();

  /**
   * A log's place in the chain.
   *
   * @param block block number
   * @param tx transaction
   * @param logIndex index in the block
   */
  record Position(BlockNumber block, TxHash tx, int logIndex) {}

  record Deposited(Position at, Address account, Address from, TokenAmount amount)
      implements MarketEvent {}

  record WithdrawalRequested(
      Position at, Address account, TokenAmount amount, BlockNumber releaseBlock)
      implements MarketEvent {}

  record Withdrawn(Position at, Address account, Address to, TokenAmount amount)
      implements MarketEvent {}

  record DealPublished(
      Position at, DealId dealId, DealProposal proposal, Hash32 sealedRoot, BlockNumber sealBlock)
      implements MarketEvent {}

  record DealSkipped(Position at, DealId dealId, Address miner, String reason)
      implements MarketEvent {}

  record DealActivated(Position at, DealId dealId, Address miner, Period start, Period end)
      implements MarketEvent {}

  record DealExtended(
      Position at,
      DealId dealId,
      Address miner,
      Period from,
      Period end,
      TokenAmount price,
      TokenAmount collateral,
      TokenAmount carried)
      implements MarketEvent {}

  record DealShortened(
      Position at,
      DealId dealId,
      Address miner,
      Period from,
      Period end,
      TokenAmount price,
      TokenAmount refunded)
      implements MarketEvent {}

  record DealCancelled(Position at, DealId dealId, Address client) implements MarketEvent {}

  record DealExpired(Position at, DealId dealId, Address by, TokenAmount burned, TokenAmount tip)
      implements MarketEvent {}

  record DealSettled(
      Position at,
      DealId dealId,
      Period from,
      Period to,
      long proved,
      long excused,
      TokenAmount paid,
      TokenAmount feeBurned,
      TokenAmount refunded,
      TokenAmount slashed,
      TokenAmount slashedToClient)
      implements MarketEvent {}

  record DealCompleted(Position at, DealId dealId, TokenAmount collateral, TokenAmount dust)
      implements MarketEvent {}

  record DealTerminated(
      Position at,
      DealId dealId,
      Address by,
      Period exitPeriod,
      TokenAmount refunded,
      TokenAmount toClient,
      TokenAmount tip,
      TokenAmount burned)
      implements MarketEvent {}

  record EntryPurged(Position at, DealId dealId, Address miner) implements MarketEvent {}

  record PeriodProved(Position at, Address miner, Period period, Address sender)
      implements MarketEvent {}

  record MaintenanceAnnounced(Position at, Address miner, Period first, long count)
      implements MarketEvent {}

  record NoticeWaived(Position at, DealId dealId, Address miner) implements MarketEvent {}

  record DealHandedOver(
      Position at,
      DealId dealId,
      DealId newDealId,
      Period from,
      Period end,
      TokenAmount price,
      TokenAmount carried)
      implements MarketEvent {}

  record EscrowMoved(Position at, DealId dealId, DealKey successor, TokenAmount amount)
      implements MarketEvent {}
}
