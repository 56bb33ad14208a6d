package io.granary.contracts;

import io.granary.contracts.bindings.StorageMarket;
import io.granary.proofs.Hash32;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.DealKey;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import org.web3j.abi.EventEncoder;
import org.web3j.abi.datatypes.Event;
import org.web3j.protocol.core.methods.response.Log;

/** The market's logs as typed events. */
final class MarketEvents {
  private static final Map<String, BiFunction<MarketEvent.Position, Log, MarketEvent>> DECODERS =
      Map.ofEntries(
          entry(StorageMarket.DEPOSITED_EVENT, MarketEvents::deposited),
          entry(StorageMarket.WITHDRAWALREQUESTED_EVENT, MarketEvents::withdrawalRequested),
          entry(StorageMarket.WITHDRAWN_EVENT, MarketEvents::withdrawn),
          entry(StorageMarket.DEALPUBLISHED_EVENT, MarketEvents::published),
          entry(StorageMarket.DEALSKIPPED_EVENT, MarketEvents::skipped),
          entry(StorageMarket.DEALACTIVATED_EVENT, MarketEvents::activated),
          entry(StorageMarket.DEALEXTENDED_EVENT, MarketEvents::extended),
          entry(StorageMarket.MANDATEEXECUTED_EVENT, MarketEvents::mandateExecuted),
          entry(StorageMarket.MANDATEREVOCATION_EVENT, MarketEvents::mandateRevoked),
          entry(StorageMarket.ORDERTAKEN_EVENT, MarketEvents::orderTaken),
          entry(StorageMarket.HANDOVERANNOUNCED_EVENT, MarketEvents::announced),
          entry(StorageMarket.BUDGETSPENT_EVENT, MarketEvents::budgetSpent),
          entry(StorageMarket.DEALSHORTENED_EVENT, MarketEvents::shortened),
          entry(StorageMarket.DEALCANCELLED_EVENT, MarketEvents::cancelled),
          entry(StorageMarket.DEALEXPIRED_EVENT, MarketEvents::expired),
          entry(StorageMarket.DEALSETTLED_EVENT, MarketEvents::settled),
          entry(StorageMarket.DEALCOMPLETED_EVENT, MarketEvents::completed),
          entry(StorageMarket.DEALTERMINATED_EVENT, MarketEvents::terminated),
          entry(StorageMarket.ENTRYPURGED_EVENT, MarketEvents::purged),
          entry(StorageMarket.PERIODPROVED_EVENT, MarketEvents::proved),
          entry(StorageMarket.MAINTENANCEANNOUNCED_EVENT, MarketEvents::maintenance),
          entry(StorageMarket.DEMANDRAISED_EVENT, MarketEvents::demandRaised),
          entry(StorageMarket.DEMANDANSWERED_EVENT, MarketEvents::demandAnswered),
          entry(StorageMarket.DEMANDRESOLVED_EVENT, MarketEvents::demandResolved),
          entry(StorageMarket.SEALDISPUTED_EVENT, MarketEvents::disputed),
          entry(StorageMarket.ETHERWITHDRAWN_EVENT, MarketEvents::etherWithdrawn),
          entry(StorageMarket.FAULTDECLARED_EVENT, MarketEvents::faultDeclared),
          entry(StorageMarket.DEALRECOVERED_EVENT, MarketEvents::recovered),
          entry(StorageMarket.NOTICEWAIVED_EVENT, MarketEvents::waived),
          entry(StorageMarket.DEALHANDEDOVER_EVENT, MarketEvents::handedOver),
          entry(StorageMarket.ESCROWMOVED_EVENT, MarketEvents::escrowMoved));

  /** First topic of the logs that deals are published with; the second is the deal's id. */
  static final String PUBLISHED_TOPIC = EventEncoder.encode(StorageMarket.DEALPUBLISHED_EVENT);

  /** First topic of the logs of proofs; the second is the miner. */
  static final String PROVED_TOPIC = EventEncoder.encode(StorageMarket.PERIODPROVED_EVENT);

  private MarketEvents() {}

  private static Map.Entry<String, BiFunction<MarketEvent.Position, Log, MarketEvent>> entry(
      Event event, BiFunction<MarketEvent.Position, Log, MarketEvent> decoder) {
    return Map.entry(EventEncoder.encode(event), decoder);
  }

  /** Empty for a log that is none of the market's own events. */
  static Optional<MarketEvent> decode(Log log) {
    BiFunction<MarketEvent.Position, Log, MarketEvent> decoder =
        log.getTopics().isEmpty() ? null : DECODERS.get(log.getTopics().getFirst());
    if (decoder == null) {
      return Optional.empty();
    }
    MarketEvent.Position at =
        new MarketEvent.Position(
            new BlockNumber(log.getBlockNumber().longValueExact()),
            TxHash.parse(log.getTransactionHash()),
            log.getLogIndex().intValueExact());
    return Optional.of(decoder.apply(at, log));
  }

  private static DealId id(byte[] bytes) {
    return new DealId(Hash32.of(bytes));
  }

  private static TokenAmount amount(BigInteger units) {
    return new TokenAmount(units);
  }

  private static Period period(BigInteger index) {
    return new Period(index.longValueExact());
  }

  private static MarketEvent deposited(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getDepositedEventFromLog(log);
    return new MarketEvent.Deposited(
        at, Address.parse(e.account), Address.parse(e.from), amount(e.amount));
  }

  private static MarketEvent withdrawalRequested(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getWithdrawalRequestedEventFromLog(log);
    return new MarketEvent.WithdrawalRequested(
        at,
        Address.parse(e.account),
        amount(e.amount),
        new BlockNumber(e.releaseBlock.longValueExact()));
  }

  private static MarketEvent withdrawn(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getWithdrawnEventFromLog(log);
    return new MarketEvent.Withdrawn(
        at, Address.parse(e.account), Address.parse(e.to), amount(e.amount));
  }

  private static MarketEvent published(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getDealPublishedEventFromLog(log);
    return new MarketEvent.DealPublished(
        at,
        id(e.dealId),
        Structs.proposal(e.proposal),
        Hash32.of(e.sealedRoot),
        new BlockNumber(e.sealBlock.longValueExact()));
  }

  private static MarketEvent skipped(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getDealSkippedEventFromLog(log);
    return new MarketEvent.DealSkipped(
        at, id(e.dealId), Address.parse(e.miner), SkipReason.name(e.reason));
  }

  private static MarketEvent activated(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getDealActivatedEventFromLog(log);
    return new MarketEvent.DealActivated(
        at, id(e.dealId), Address.parse(e.miner), period(e.start), period(e.end));
  }

  private static MarketEvent extended(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getDealExtendedEventFromLog(log);
    return new MarketEvent.DealExtended(
        at,
        id(e.dealId),
        Address.parse(e.miner),
        period(e.from),
        period(e.end),
        amount(e.price),
        amount(e.collateral),
        amount(e.carried));
  }

  private static MarketEvent mandateExecuted(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getMandateExecutedEventFromLog(log);
    return new MarketEvent.MandateExecuted(
        at,
        id(e.dealId),
        Hash32.of(e.digest),
        Address.parse(e.by),
        e.used.longValueExact(),
        amount(e.taken),
        amount(e.tip));
  }

  private static MarketEvent mandateRevoked(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getMandateRevocationEventFromLog(log);
    return new MarketEvent.MandateRevoked(at, id(e.dealId), Hash32.of(e.digest));
  }

  private static MarketEvent announced(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getHandOverAnnouncedEventFromLog(log);
    return new MarketEvent.HandOverAnnounced(at, id(e.dealId), id(e.newDealId), amount(e.locked));
  }

  private static MarketEvent budgetSpent(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getBudgetSpentEventFromLog(log);
    return new MarketEvent.BudgetSpent(
        at, Address.parse(e.miner), amount(e.amount), new BlockNumber(e.since.longValueExact()));
  }

  private static MarketEvent orderTaken(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getOrderTakenEventFromLog(log);
    return new MarketEvent.OrderTaken(at, Address.parse(e.account), e.nonce.longValueExact());
  }

  private static MarketEvent shortened(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getDealShortenedEventFromLog(log);
    return new MarketEvent.DealShortened(
        at,
        id(e.dealId),
        Address.parse(e.miner),
        period(e.from),
        period(e.end),
        amount(e.price),
        amount(e.refunded));
  }

  private static MarketEvent cancelled(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getDealCancelledEventFromLog(log);
    return new MarketEvent.DealCancelled(
        at, id(e.dealId), Address.parse(e.client), Address.parse(e.miner));
  }

  private static MarketEvent expired(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getDealExpiredEventFromLog(log);
    return new MarketEvent.DealExpired(
        at, id(e.dealId), Address.parse(e.by), amount(e.burned), amount(e.tip));
  }

  private static MarketEvent settled(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getDealSettledEventFromLog(log);
    return new MarketEvent.DealSettled(
        at,
        id(e.dealId),
        period(e.from),
        period(e.to),
        e.proved.longValueExact(),
        e.excused.longValueExact(),
        amount(e.paid),
        amount(e.feeBurned),
        amount(e.refunded),
        amount(e.slashed),
        amount(e.slashedToClient));
  }

  private static MarketEvent completed(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getDealCompletedEventFromLog(log);
    return new MarketEvent.DealCompleted(at, id(e.dealId), amount(e.collateral), amount(e.dust));
  }

  private static MarketEvent terminated(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getDealTerminatedEventFromLog(log);
    return new MarketEvent.DealTerminated(
        at,
        id(e.dealId),
        Address.parse(e.by),
        period(e.exitPeriod),
        amount(e.refunded),
        amount(e.toClient),
        amount(e.tip),
        amount(e.burned));
  }

  private static MarketEvent purged(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getEntryPurgedEventFromLog(log);
    return new MarketEvent.EntryPurged(at, id(e.dealId), Address.parse(e.miner));
  }

  private static MarketEvent proved(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getPeriodProvedEventFromLog(log);
    return new MarketEvent.PeriodProved(
        at, Address.parse(e.miner), period(e.period), Address.parse(e.sender));
  }

  private static MarketEvent maintenance(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getMaintenanceAnnouncedEventFromLog(log);
    return new MarketEvent.MaintenanceAnnounced(
        at, Address.parse(e.miner), period(e.firstPeriod), e.count.longValueExact());
  }

  private static MarketEvent demandRaised(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getDemandRaisedEventFromLog(log);
    return new MarketEvent.DemandRaised(
        at,
        id(e.dealId),
        Address.parse(e.miner),
        Address.parse(e.demander),
        e.byAuditor,
        e.leafIndex.longValueExact(),
        e.bond,
        new BlockNumber(e.deadline.longValueExact()));
  }

  private static MarketEvent demandAnswered(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getDemandAnsweredEventFromLog(log);
    return new MarketEvent.DemandAnswered(
        at, id(e.dealId), Address.parse(e.miner), e.byAuditor, e.bond);
  }

  private static MarketEvent demandResolved(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getDemandResolvedEventFromLog(log);
    return new MarketEvent.DemandResolved(
        at, id(e.dealId), Address.parse(e.demander), e.byAuditor, e.bond);
  }

  private static MarketEvent disputed(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getSealDisputedEventFromLog(log);
    return new MarketEvent.SealDisputed(
        at, id(e.dealId), Address.parse(e.by), e.leafIndex.longValueExact());
  }

  private static MarketEvent etherWithdrawn(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getEtherWithdrawnEventFromLog(log);
    return new MarketEvent.EtherWithdrawn(
        at, Address.parse(e.account), Address.parse(e.to), e.amount);
  }

  private static MarketEvent faultDeclared(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getFaultDeclaredEventFromLog(log);
    return new MarketEvent.FaultDeclared(at, id(e.dealId), Address.parse(e.miner), period(e.from));
  }

  private static MarketEvent recovered(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getDealRecoveredEventFromLog(log);
    return new MarketEvent.DealRecovered(
        at, id(e.dealId), Address.parse(e.miner), period(e.from), period(e.drawnBy));
  }

  private static MarketEvent waived(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getNoticeWaivedEventFromLog(log);
    return new MarketEvent.NoticeWaived(at, id(e.dealId), Address.parse(e.miner));
  }

  private static MarketEvent handedOver(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getDealHandedOverEventFromLog(log);
    return new MarketEvent.DealHandedOver(
        at,
        id(e.dealId),
        id(e.newDealId),
        period(e.from),
        period(e.end),
        amount(e.price),
        amount(e.carried));
  }

  private static MarketEvent escrowMoved(MarketEvent.Position at, Log log) {
    var e = StorageMarket.getEscrowMovedEventFromLog(log);
    return new MarketEvent.EscrowMoved(at, id(e.dealId), DealKey.of(e.successor), amount(e.amount));
  }
}
