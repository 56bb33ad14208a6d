package io.granary.miner.money;

import io.granary.proofs.Hash32;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.DealKey;
import io.granary.protocol.values.TokenAmount;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Counts a miner's money by applying every event of the market, from its first, in order (Protocol
 * §3, §5, §6). Not safe for several threads.
 */
public final class MoneyLedger {
  private final MarketTerms terms;
  private final PeriodClock clock;
  private final Address miner;
  private final Map<Address, Tally> accounts = new LinkedHashMap<>();
  // By key, as in the contract: whoever ends or settles a deal may give it any last nine bytes.
  private final Map<DealKey, LedgerDeal> deals = new LinkedHashMap<>();
  private final Map<DealKey, TokenAmount> announced = new HashMap<>();
  private final BitSet proved = new BitSet();
  private final BitSet excused = new BitSet();
  private final Set<TxHash> transactions = new LinkedHashSet<>();

  /**
   * Of one miner.
   *
   * @param clock its periods
   * @param others further accounts to count, for example that of its operator, which gets the tips
   */
  public MoneyLedger(MarketTerms terms, PeriodClock clock, Address miner, Set<Address> others) {
    this.terms = terms;
    this.clock = clock;
    this.miner = miner;
    accounts.put(miner, new Tally());
    others.forEach(a -> accounts.putIfAbsent(a, new Tally()));
  }

  /** The sums of one account; signed, because a tally of a client may be below zero. */
  private static final class Tally {
    BigInteger balance = BigInteger.ZERO;
    BigInteger deposited = BigInteger.ZERO;
    BigInteger withdrawn = BigInteger.ZERO;
    BigInteger tips = BigInteger.ZERO;
    BigInteger asClient = BigInteger.ZERO;
    BigInteger bonds = BigInteger.ZERO;
    BigInteger ownBonds = BigInteger.ZERO;
    BigInteger etherWithdrawn = BigInteger.ZERO;
  }

  private Optional<Tally> tally(Address account) {
    return Optional.ofNullable(accounts.get(account));
  }

  private void credit(Address account, TokenAmount amount) {
    tally(account).ifPresent(t -> t.balance = t.balance.add(amount.units()));
  }

  private void debit(Address account, TokenAmount amount) {
    tally(account).ifPresent(t -> t.balance = t.balance.subtract(amount.units()));
  }

  private void toClient(LedgerDeal d, TokenAmount amount) {
    credit(d.terms.client(), amount);
    tally(d.terms.client()).ifPresent(t -> t.asClient = t.asClient.add(amount.units()));
  }

  private void fromClient(LedgerDeal d, TokenAmount amount) {
    debit(d.terms.client(), amount);
    tally(d.terms.client()).ifPresent(t -> t.asClient = t.asClient.subtract(amount.units()));
  }

  private void tip(Address by, TokenAmount amount) {
    credit(by, amount);
    tally(by).ifPresent(t -> t.tips = t.tips.add(amount.units()));
  }

  /** A deal of the miner, or of an account that is counted. */
  private Optional<LedgerDeal> deal(DealId id) {
    return Optional.ofNullable(deals.get(DealKey.of(id)));
  }

  private boolean isOwn(LedgerDeal d) {
    return d.terms.miner().equals(miner);
  }

  private void move(LedgerDeal d, Flow flow) {
    if (isOwn(d)) {
      d.flow = d.flow.plus(flow);
    }
  }

  /** Applies the next event. */
  public void apply(MarketEvent event) {
    if (applied(event)) {
      transactions.add(event.at().tx());
    }
  }

  /** True when it is about the miner. */
  private boolean applied(MarketEvent event) {
    return switch (event) {
      case MarketEvent.Deposited e -> deposited(e);
      case MarketEvent.Withdrawn e -> withdrawn(e);
      case MarketEvent.WithdrawalRequested e -> e.account().equals(miner);
      case MarketEvent.HandOverAnnounced e -> announced(e);
      case MarketEvent.DealPublished e -> published(e);
      case MarketEvent.DealSkipped e -> e.miner().equals(miner);
      case MarketEvent.DealActivated e -> activated(e);
      case MarketEvent.DealExtended e -> extended(e);
      case MarketEvent.MandateExecuted e -> mandated(e);
      case MarketEvent.MandateRevoked e -> own(e.dealId());
      case MarketEvent.OrderTaken e -> e.account().equals(miner);
      case MarketEvent.BudgetSpent e -> e.miner().equals(miner);
      case MarketEvent.DealShortened e -> shortened(e);
      case MarketEvent.DealCancelled e -> e.miner().equals(miner);
      case MarketEvent.DealExpired e -> expired(e);
      case MarketEvent.DealSettled e -> settled(e);
      case MarketEvent.DealCompleted e -> completed(e);
      case MarketEvent.DealTerminated e -> terminated(e);
      case MarketEvent.EntryPurged e -> e.miner().equals(miner);
      case MarketEvent.PeriodProved e -> periodProved(e);
      case MarketEvent.MaintenanceAnnounced e -> maintenance(e);
      case MarketEvent.DemandRaised e -> e.miner().equals(miner);
      case MarketEvent.DemandAnswered e -> answered(e);
      case MarketEvent.DemandResolved e -> resolved(e);
      case MarketEvent.SealDisputed e -> own(e.dealId());
      case MarketEvent.EtherWithdrawn e -> etherWithdrawn(e);
      case MarketEvent.FaultDeclared e -> state(e.dealId(), DealState.FAULTY);
      case MarketEvent.DealRecovered e -> state(e.dealId(), DealState.ACTIVE);
      case MarketEvent.NoticeWaived e -> e.miner().equals(miner);
      case MarketEvent.DealHandedOver e -> handedOver(e);
      case MarketEvent.EscrowMoved e -> escrowMoved(e);
    };
  }

  private boolean own(DealId id) {
    return deal(id).filter(this::isOwn).isPresent();
  }

  private boolean state(DealId id, DealState next) {
    deal(id).ifPresent(d -> d.state = next);
    return own(id);
  }

  // ---------------------------------------------------------------- accounts

  private boolean deposited(MarketEvent.Deposited e) {
    credit(e.account(), e.amount());
    tally(e.account()).ifPresent(t -> t.deposited = t.deposited.add(e.amount().units()));
    return e.account().equals(miner);
  }

  private boolean withdrawn(MarketEvent.Withdrawn e) {
    debit(e.account(), e.amount());
    tally(e.account()).ifPresent(t -> t.withdrawn = t.withdrawn.add(e.amount().units()));
    return e.account().equals(miner);
  }

  private boolean answered(MarketEvent.DemandAnswered e) {
    tally(e.miner()).ifPresent(t -> t.bonds = t.bonds.add(e.bond()));
    return e.miner().equals(miner);
  }

  private boolean resolved(MarketEvent.DemandResolved e) {
    tally(e.demander()).ifPresent(t -> t.ownBonds = t.ownBonds.add(e.bond()));
    return own(e.dealId());
  }

  private boolean etherWithdrawn(MarketEvent.EtherWithdrawn e) {
    tally(e.account()).ifPresent(t -> t.etherWithdrawn = t.etherWithdrawn.add(e.wei()));
    return e.account().equals(miner);
  }

  private boolean periodProved(MarketEvent.PeriodProved e) {
    if (e.miner().equals(miner)) {
      proved.set(Math.toIntExact(e.period().index()));
    }
    return e.miner().equals(miner);
  }

  private boolean maintenance(MarketEvent.MaintenanceAnnounced e) {
    if (e.miner().equals(miner)) {
      int first = Math.toIntExact(e.first().index());
      excused.set(first, Math.toIntExact(first + e.count()));
    }
    return e.miner().equals(miner);
  }

  // ---------------------------------------------------------------- a deal's beginning

  /** Just before the publication that it belongs to. */
  private boolean announced(MarketEvent.HandOverAnnounced e) {
    announced.put(DealKey.of(e.newDealId()), e.locked());
    return own(e.dealId());
  }

  private boolean published(MarketEvent.DealPublished e) {
    TokenAmount told = announced.remove(DealKey.of(e.dealId()));
    TokenAmount held =
        told != null && !e.proposal().replaces().equals(Hash32.ZERO) ? told : e.proposal().price();
    LedgerDeal d = new LedgerDeal(e.dealId(), e.proposal(), held);
    if (!isOwn(d)
        && !accounts.containsKey(d.terms.miner())
        && !accounts.containsKey(d.terms.client())) {
      return false;
    }
    deals.put(DealKey.of(e.dealId()), d);
    fromClient(d, held);
    debit(d.terms.miner(), d.collateral);
    return isOwn(d);
  }

  private boolean activated(MarketEvent.DealActivated e) {
    deal(e.dealId())
        .ifPresent(
            d -> {
              // A deal that replaced another may have got more of its escrow than it needs.
              toClient(d, d.held.minus(d.price));
              d.held = d.price;
              d.state = DealState.ACTIVE;
              d.cursor = e.start().index();
              d.end = e.end().index();
            });
    return own(e.dealId());
  }

  // ---------------------------------------------------------------- a deal's changes

  private boolean settled(MarketEvent.DealSettled e) {
    deal(e.dealId()).ifPresent(d -> settled(d, e));
    return own(e.dealId());
  }

  private void settled(LedgerDeal d, MarketEvent.DealSettled e) {
    TokenAmount earned = e.paid().minus(e.feeBurned());
    credit(d.terms.miner(), earned);
    toClient(d, e.refunded().plus(e.slashedToClient()));
    d.held = d.held.minus(e.paid()).minus(e.refunded());
    d.collateral = d.collateral.minus(e.slashed());
    d.cursor = e.to().index();
    d.proved += e.proved();
    boolean faulty = d.state == DealState.FAULTY;
    move(
        d,
        new Flow(
            earned,
            e.feeBurned(),
            e.refunded(),
            faulty ? TokenAmount.ZERO : e.slashed(),
            faulty ? e.slashed() : TokenAmount.ZERO,
            TokenAmount.ZERO,
            TokenAmount.ZERO,
            TokenAmount.ZERO));
  }

  private boolean extended(MarketEvent.DealExtended e) {
    deal(e.dealId())
        .ifPresent(
            d -> {
              if (d.held.isLessThan(e.price())) {
                fromClient(d, e.price().minus(d.held));
              } else {
                toClient(d, d.held.minus(e.price()));
              }
              TokenAmount more = e.collateral().minus(d.collateral);
              debit(d.terms.miner(), more);
              d.collateral = e.collateral();
              move(d, LedgerDeal.moved(TokenAmount.ZERO, TokenAmount.ZERO, more, TokenAmount.ZERO));
              d.countAnew(e.from().index(), e.end().index(), e.price());
            });
    return own(e.dealId());
  }

  private boolean mandated(MarketEvent.MandateExecuted e) {
    deal(e.dealId()).ifPresent(d -> fromClient(d, e.tip()));
    tip(e.by(), e.tip());
    return own(e.dealId());
  }

  private boolean shortened(MarketEvent.DealShortened e) {
    deal(e.dealId())
        .ifPresent(
            d -> {
              toClient(d, e.refunded());
              d.countAnew(e.from().index(), e.end().index(), e.price());
            });
    return own(e.dealId());
  }

  private boolean handedOver(MarketEvent.DealHandedOver e) {
    deal(e.newDealId()).ifPresent(next -> next.held = next.held.plus(e.carried()));
    deal(e.dealId())
        .filter(old -> e.end().index() < old.end)
        .ifPresent(old -> old.countAnew(e.from().index(), e.end().index(), e.price()));
    return own(e.dealId()) || own(e.newDealId());
  }

  private boolean escrowMoved(MarketEvent.EscrowMoved e) {
    LedgerDeal next = deals.get(e.successor());
    if (next != null) {
      next.held = next.held.plus(e.amount());
    }
    deal(e.dealId()).ifPresent(old -> old.escrowMoved = true);
    return own(e.dealId());
  }

  // ---------------------------------------------------------------- a deal's end

  private boolean expired(MarketEvent.DealExpired e) {
    tip(e.by(), e.tip());
    deal(e.dealId())
        .ifPresent(
            d -> {
              TokenAmount lost = e.burned().plus(e.tip());
              toClient(d, d.held);
              end(d, DealState.EXPIRED, lost);
            });
    return own(e.dealId());
  }

  private boolean completed(MarketEvent.DealCompleted e) {
    deal(e.dealId())
        .ifPresent(
            d -> {
              toClient(d, e.dust());
              end(d, DealState.COMPLETED, TokenAmount.ZERO);
            });
    return own(e.dealId());
  }

  private boolean terminated(MarketEvent.DealTerminated e) {
    tip(e.by(), e.tip());
    deal(e.dealId())
        .ifPresent(
            d -> {
              toClient(d, e.toClient());
              if (!d.escrowMoved) {
                toClient(d, e.refunded());
              }
              end(d, DealState.TERMINATED, d.collateral);
            });
    return own(e.dealId());
  }

  private void end(LedgerDeal d, DealState state, TokenAmount forfeited) {
    TokenAmount returned = d.collateral.minus(forfeited);
    credit(d.terms.miner(), returned);
    move(d, LedgerDeal.moved(TokenAmount.ZERO, forfeited, TokenAmount.ZERO, returned));
    d.collateral = TokenAmount.ZERO;
    d.held = TokenAmount.ZERO;
    d.state = state;
  }

  // ---------------------------------------------------------------- results

  /** The transactions that made an event about the miner, whoever sent them, oldest first. */
  public Set<TxHash> transactions() {
    return Collections.unmodifiableSet(transactions);
  }

  /**
   * Where everything stands after the events applied so far.
   *
   * @param block the last block whose events were applied
   * @throws IllegalArgumentException when an account would have less than nothing: events are
   *     missing
   */
  public Position position(long block) {
    List<DealMoney> own = new ArrayList<>();
    for (LedgerDeal d : deals.values()) {
      if (isOwn(d)) {
        own.add(d.at(block, clock, proved, excused, terms));
      }
    }
    Map<Address, AccountMoney> sums = new LinkedHashMap<>();
    accounts.forEach((account, t) -> sums.put(account, sum(t)));
    return new Position(block, sums, own);
  }

  private static AccountMoney sum(Tally t) {
    return new AccountMoney(
        new TokenAmount(t.balance),
        new TokenAmount(t.deposited),
        new TokenAmount(t.withdrawn),
        new TokenAmount(t.tips),
        t.asClient,
        t.bonds,
        t.ownBonds,
        t.etherWithdrawn);
  }
}
