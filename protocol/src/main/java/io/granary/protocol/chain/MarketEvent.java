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
import java.math.BigInteger;

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

  /** A mandate was executed; the {@link DealExtended} that follows says what it has made. */
  record MandateExecuted(
      Position at,
      DealId dealId,
      Hash32 digest,
      Address by,
      long used,
      TokenAmount taken,
      TokenAmount tip)
      implements MarketEvent {}

  record MandateRevoked(Position at, DealId dealId, Hash32 digest) implements MarketEvent {}

  record HandOverAnnounced(Position at, DealId dealId, DealId newDealId, TokenAmount locked)
      implements MarketEvent {}

  record BudgetSpent(Position at, Address miner, TokenAmount amount, BlockNumber since)
      implements MarketEvent {}

  record OrderTaken(Position at, Address account, long nonce) implements MarketEvent {}

  record DealShortened(
      Position at,
      DealId dealId,
      Address miner,
      Period from,
      Period end,
      TokenAmount price,
      TokenAmount refunded)
      implements MarketEvent {}

  record DealCancelled(Position at, DealId dealId, Address client, Address miner)
      implements MarketEvent {}

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

  record DemandRaised(
      Position at,
      DealId dealId,
      Address miner,
      Address demander,
      boolean byAuditor,
      long leaf,
      BigInteger bond,
      BlockNumber deadline)
      implements MarketEvent {}

  record DemandAnswered(
      Position at, DealId dealId, Address miner, boolean byAuditor, BigInteger bond)
      implements MarketEvent {}

  record DemandResolved(
      Position at, DealId dealId, Address demander, boolean byAuditor, BigInteger bond)
      implements MarketEvent {}

  record SealDisputed(Position at, DealId dealId, Address by, long leaf) implements MarketEvent {}

  record EtherWithdrawn(Position at, Address account, Address to, BigInteger wei)
      implements MarketEvent {}

  record FaultDeclared(Position at, DealId dealId, Address miner, Period from)
      implements MarketEvent {}

  record DealRecovered(Position at, DealId dealId, Address miner, Period from, Period drawnBy)
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
