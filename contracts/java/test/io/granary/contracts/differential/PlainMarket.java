package io.granary.contracts.differential;

import io.granary.proofs.challenge.PeriodClock;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.EarlyEnd;
import io.granary.protocol.deal.Extension;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The market of docs/protocol.md (§3 to §5) with one miner, written from the text, period by period
 * and without a thought for gas. Each action says what the contract must answer: nothing, or the
 * name of an error or skip reason, in the block that the action is mined in.
 */
final class PlainMarket {
  static final String OK = "";
  private static final BigInteger BPS = BigInteger.valueOf(10_000);

  /** An account. */
  static final class Account {
    BigInteger balance = BigInteger.ZERO;
    BigInteger requested = BigInteger.ZERO;
    long release;
  }

  /** A deal. */
  static final class Deal {
    DealState state = DealState.NONE;
    Address client;
    BigInteger price = BigInteger.ZERO;
    BigInteger collateral = BigInteger.ZERO;
    long leaves;
    long periods;
    long activateBy;
    long sealBlock;
    long start;
    long cursor;
    long end;
    long proved;
    long unproved;
    int run;
    boolean noticed;
    boolean inSet;
    long entryEnd;
    long faultySince;
    long faultyPeriods; // settled since the declaration
    PlainDemands.@Nullable Open demand; // the client's, which is the auditor too

    Deal(Address client) {
      this.client = client;
    }

    /** Price that is neither paid nor refunded. */
    BigInteger unspent() {
      return price.subtract(part(price, proved, periods)).subtract(part(price, unproved, periods));
    }
  }

  final MarketTerms terms;
  final PeriodClock clock;
  final Address miner;
  private final Address operator;
  final PlainFaults faults = new PlainFaults(this);
  final PlainDemands demands = new PlainDemands(this);
  final Map<Address, Account> accounts = new HashMap<>();
  final Map<DealId, Deal> deals = new LinkedHashMap<>();
  final Set<Long> proved = new HashSet<>();
  final Set<Long> excused = new HashSet<>();
  private final Map<Long, Integer> maintained = new HashMap<>();
  BigInteger burned = BigInteger.ZERO;

  PlainMarket(MarketTerms terms, PeriodClock clock, Address miner, Address operator) {
    this.terms = terms;
    this.clock = clock;
    this.miner = miner;
    this.operator = operator;
  }

  Account account(Address owner) {
    return accounts.computeIfAbsent(owner, unused -> new Account());
  }

  void give(Address owner, BigInteger amount) {
    Account a = account(owner);
    a.balance = a.balance.add(amount);
  }

  static BigInteger part(BigInteger whole, long n, long of) {
    return whole.multiply(BigInteger.valueOf(n)).divide(BigInteger.valueOf(of));
  }

  private BigInteger burnOf(BigInteger paid) {
    return paid.multiply(BigInteger.valueOf(terms.priceBurnBps())).divide(BPS);
  }

  private BigInteger slashOf(BigInteger price, long periods) {
    return cutOf(price, periods, terms.missPenaltyBps());
  }

  /** So many 10,000ths of a period's price, rounded up, at least one unit. */
  static BigInteger cutOf(BigInteger price, long periods, int bps) {
    BigInteger[] s =
        price
            .multiply(BigInteger.valueOf(bps))
            .divideAndRemainder(BPS.multiply(BigInteger.valueOf(periods)));
    return (s[1].signum() > 0 ? s[0].add(BigInteger.ONE) : s[0]).max(BigInteger.ONE);
  }

  // ---------------------------------------------------------------- clock

  boolean decided(long period) {
    return proved.contains(period) || excused.contains(period);
  }

  /** The sum of 2^height over the entries of the proving set. */
  long weight() {
    return deals.values().stream()
        .filter(d -> d.inSet)
        .mapToLong(d -> Math.max(1, Long.highestOneBit(2 * d.leaves - 1)))
        .sum();
  }

  /** Whether the challenges of the current period are known and still open. */
  boolean drawn(long block) {
    long period = clock.periodAt(block);
    return block >= clock.challengeBlock(period) && !decided(period);
  }

  boolean frozen(long block) {
    return weight() > 0 && drawn(block);
  }

  // ---------------------------------------------------------------- money

  String deposit(Address owner, BigInteger amount) {
    give(owner, amount);
    return OK;
  }

  String requestWithdrawal(Address owner, BigInteger amount, long block) {
    account(owner).requested = amount;
    account(owner).release = block + terms.withdrawNotice();
    return OK;
  }

  String withdraw(Address owner, long block) {
    Account a = account(owner);
    if (a.requested.signum() == 0) {
      return "NothingRequested";
    }
    if (block < a.release) {
      return "WithdrawalNotDue";
    }
    BigInteger amount = a.requested.min(a.balance);
    if (amount.signum() == 0) {
      return "ZeroAmount";
    }
    a.requested = BigInteger.ZERO;
    a.balance = a.balance.subtract(amount);
    return OK;
  }

  // ---------------------------------------------------------------- deals

  String publish(DealId id, DealProposal p, Address sender, boolean signed, long block) {
    if (deals.containsKey(id)) {
      return "AlreadyKnown";
    }
    if (!sender.equals(operator)) {
      return "NotOperator";
    }
    if (block > p.publishBy().value()) {
      return "PublishTooLate";
    }
    long by = p.activateBy().value();
    if (p.publishBy().value() > by
        || by < block + terms.sealDelay() + terms.windowBlocks() + 1
        || by > block + terms.maxActivationBlocks()) {
      return "BadActivateBy";
    }
    long leaves = p.size().leafCount();
    BigInteger least =
        terms
            .minPricePerLeafPeriod()
            .units()
            .multiply(BigInteger.valueOf(leaves))
            .multiply(BigInteger.valueOf(p.periods()));
    if (p.price().units().compareTo(least) < 0) {
      return "PriceTooLow";
    }
    if (p.collateral().units().compareTo(leastCollateral(leaves, p.price().units(), p.periods()))
        < 0) {
      return "CollateralTooLow";
    }
    if (account(p.client()).balance.compareTo(p.price().units()) < 0) {
      return "ClientShort";
    }
    if (account(miner).balance.compareTo(p.collateral().units()) < 0) {
      return "MinerShort";
    }
    if (!signed) {
      return "BadSignature";
    }
    give(p.client(), p.price().units().negate());
    give(miner, p.collateral().units().negate());
    Deal d = new Deal(p.client());
    d.state = DealState.PUBLISHED;
    d.price = p.price().units();
    d.collateral = p.collateral().units();
    d.leaves = leaves;
    d.periods = p.periods();
    d.activateBy = by;
    d.sealBlock = block + terms.sealDelay();
    deals.put(id, d);
    return OK;
  }

  private BigInteger leastCollateral(long leaves, BigInteger price, long periods) {
    return terms
        .minCollateralPerLeaf()
        .units()
        .multiply(BigInteger.valueOf(leaves))
        .max(slashOf(price, periods).multiply(BigInteger.valueOf(terms.maxMissRun() + 1L)));
  }

  String activate(DealId id, boolean opened, long block) {
    Deal d = deals.get(id);
    if (d == null || d.state != DealState.PUBLISHED) {
      return "NotPublished";
    }
    if (block > d.activateBy) {
      return "ActivateTooLate";
    }
    if (block <= d.sealBlock) {
      return "SealBlockPending";
    }
    if (frozen(block)) {
      return "SetFrozen";
    }
    if (!opened) {
      return "BadOpening";
    }
    d.state = DealState.ACTIVE;
    d.start = clock.nextDuty(block);
    d.cursor = d.start;
    d.end = d.start + d.periods;
    d.inSet = true;
    d.entryEnd = d.end;
    return OK;
  }

  String cancel(DealId id, Address client, Address sender) {
    if (!sender.equals(client)) {
      return "NotClient";
    }
    if (deals.containsKey(id)) {
      return "WrongState";
    }
    Deal d = new Deal(client);
    d.state = DealState.CANCELLED;
    deals.put(id, d);
    return OK;
  }

  // ---------------------------------------------------------------- periods

  String prove(long period, boolean opened, long block) {
    if (period != clock.periodAt(block)) {
      return "WrongPeriod";
    }
    if (block <= clock.challengeBlock(period)) {
      return "WindowNotOpen";
    }
    if (proved.contains(period)) {
      return "AlreadyProved";
    }
    if (excused.contains(period)) {
      return "PeriodExcused";
    }
    if (weight() == 0) {
      return "NoDuty";
    }
    if (deals.values().stream().noneMatch(d -> d.inSet && period < d.entryEnd)) {
      return "DrawExhausted";
    }
    if (!opened) {
      return "BadProof";
    }
    proved.add(period);
    return OK;
  }

  String maintain(long first, int count, Address sender, long block) {
    if (!sender.equals(miner) && !sender.equals(operator)) {
      return "NotMiner";
    }
    if (count == 0) {
      return "MaintenanceEmpty";
    }
    long earliest = clock.periodAt(block) + terms.maintenanceNotice();
    if (first < earliest) {
      return "MaintenanceTooSoon";
    }
    if (first + count > earliest + terms.maxPeriods()) {
      return "MaintenanceTooFar";
    }
    Map<Long, Integer> spent = new HashMap<>();
    for (long p = first; p < first + count; p++) {
      spent.merge(p / terms.maintenanceQuarter(), 1, Integer::sum);
    }
    // Quarter by quarter, as the contract does: the budget first, then what is excused already.
    for (long quarter : spent.keySet().stream().sorted().toList()) {
      int used = maintained.getOrDefault(quarter, 0);
      if (used + spent.get(quarter) > terms.maintenancePeriods()) {
        return "MaintenanceExhausted";
      }
      for (long p = first; p < first + count; p++) {
        if (p / terms.maintenanceQuarter() == quarter && excused.contains(p)) {
          return "AlreadyExcused";
        }
      }
    }
    spent.forEach((quarter, n) -> maintained.merge(quarter, n, Integer::sum));
    for (long p = first; p < first + count; p++) {
      excused.add(p);
    }
    return OK;
  }

  // ---------------------------------------------------------------- settlement

  String settle(DealId id, long most, long block) {
    Deal d = deals.get(id);
    if (d != null && d.state.isRunning()) {
      settle(d, most, block);
    }
    return OK;
  }

  void settle(Deal d, long most, long block) {
    if (d.state == DealState.FAULTY) {
      faults.settle(d, most, block);
      return;
    }
    for (long n = 0; n < most && d.cursor < d.end && d.run <= terms.maxMissRun(); n++) {
      if (clock.periodAt(block) <= d.cursor && !decided(d.cursor)) {
        return;
      }
      if (clock.periodAt(block) < d.cursor) {
        return;
      }
      settlePeriod(d);
    }
  }

  private void settlePeriod(Deal d) {
    if (proved.contains(d.cursor)) {
      BigInteger before = part(d.price, d.proved, d.periods);
      BigInteger after = part(d.price, d.proved + 1, d.periods);
      BigInteger fee = burnOf(after).subtract(burnOf(before));
      give(miner, after.subtract(before).subtract(fee));
      burned = burned.add(fee);
      d.proved++;
      d.run = 0;
    } else {
      give(
          d.client,
          part(d.price, d.unproved + 1, d.periods).subtract(part(d.price, d.unproved, d.periods)));
      d.unproved++;
      if (!excused.contains(d.cursor)) {
        d.run++;
        cut(d, slashOf(d.price, d.periods));
      }
    }
    d.cursor++;
  }

  /** Half of it, rounded down, to the client, the rest burned. */
  void cut(Deal d, BigInteger wanted) {
    BigInteger cut = wanted.min(d.collateral);
    BigInteger half = cut.shiftRight(1);
    give(d.client, half);
    burned = burned.add(cut.subtract(half));
    d.collateral = d.collateral.subtract(cut);
  }

  boolean defaulted(Deal d) {
    return d.state == DealState.FAULTY ? faults.tooLong(d) : d.run > terms.maxMissRun();
  }

  boolean mayAct(Address sender) {
    return sender.equals(miner) || sender.equals(operator);
  }

  // ---------------------------------------------------------------- changes and ends

  String extend(Deal d, Extension e, Address sender, boolean signed, long block) {
    if (d.state != DealState.ACTIVE) {
      return "NotActive";
    }
    long duty = clock.nextDuty(block);
    if (d.cursor < duty) {
      settle(d, 1024, block);
    }
    if (!sender.equals(miner) && !sender.equals(operator)) {
      return "NotOperator";
    }
    if (block > e.executeBy().value()) {
      return "ExtendTooLate";
    }
    if (e.oldEnd().index() != d.end) {
      return "EndMoved";
    }
    if (d.run > terms.maxMissRun()) {
      return "DealDefaulted";
    }
    if (clock.periodAt(block) >= d.end || !d.inSet || d.noticed) {
      return "DealOver";
    }
    if (drawn(block)) {
      return "SetFrozen";
    }
    if (d.cursor < duty) {
      return "DealUnsettled";
    }
    long periods = e.newEnd().index() - d.cursor;
    if (e.newEnd().index() <= d.end || periods > terms.maxPeriods()) {
      return "BadPeriods";
    }
    BigInteger perPeriod = e.pricePerPeriod().units();
    if (perPeriod.compareTo(
            terms.minPricePerLeafPeriod().units().multiply(BigInteger.valueOf(d.leaves)))
        < 0) {
      return "PriceTooLow";
    }
    BigInteger price = perPeriod.multiply(BigInteger.valueOf(periods));
    BigInteger held = d.collateral.max(e.collateral().units());
    if (held.compareTo(leastCollateral(d.leaves, price, periods)) < 0) {
      return "CollateralTooLow";
    }
    BigInteger due = price.subtract(d.unspent());
    if (account(d.client).balance.compareTo(due) < 0) {
      return "ClientShort";
    }
    BigInteger topUp = held.subtract(d.collateral);
    if (account(miner).balance.compareTo(topUp) < 0) {
      return "MinerShort";
    }
    if (!signed) {
      return "BadSignature";
    }
    give(d.client, due.negate());
    give(miner, topUp.negate());
    d.collateral = held;
    countAnew(d, price, e.newEnd().index());
    return OK;
  }

  private static void countAnew(Deal d, BigInteger price, long end) {
    d.price = price;
    d.periods = end - d.cursor;
    d.proved = 0;
    d.unproved = 0;
    d.end = end;
    d.entryEnd = end;
  }

  /** All or nothing: a refused end settles nothing. */
  String endEarly(DealId id, EarlyEnd e, Address sender, boolean signed, long block) {
    Deal d = deals.get(id);
    if (d == null || !d.state.isRunning()) {
      return "WrongState";
    }
    if (block > e.executeBy().value()) {
      return "TooLate";
    }
    if (e.immediate() && !sender.equals(miner) && !sender.equals(operator)) {
      return "NotOperator";
    }
    if (!sender.equals(d.client) && !signed) {
      return "NotClient";
    }
    // A faulty deal has nothing in the set.
    if (drawn(block) && d.state == DealState.ACTIVE) {
      return "SetFrozenUntil";
    }
    return attempt(
        () -> {
          settle(d, 1024, block);
          if (defaulted(d)) {
            return "Defaulted";
          }
          long from = Math.max(d.cursor, clock.nextDuty(block));
          long end = e.immediate() ? from : from + terms.maxMissRun() + 1;
          if (end >= d.end) {
            return "NotSooner";
          }
          if (d.cursor != from) {
            return "Unsettled";
          }
          if (e.immediate()) {
            if (d.demand != null) {
              return "DemandOpen";
            }
            give(d.client, d.unspent());
            finish(d, DealState.COMPLETED, block);
            return OK;
          }
          BigInteger price = part(d.price, end - from, d.periods);
          give(d.client, d.unspent().subtract(price));
          d.noticed = true;
          countAnew(d, price, end);
          return OK;
        });
  }

  String complete(DealId id, long block) {
    Deal d = deals.get(id);
    if (d == null || !d.state.isRunning()) {
      return "WrongState";
    }
    return attempt(
        () -> {
          settle(d, 1024, block);
          if (defaulted(d)) {
            return "Defaulted";
          }
          if (block < clock.periodEnd(d.end - 1) + terms.collateralHold()) {
            return "NotOver";
          }
          if (d.cursor < d.end) {
            return "Unsettled";
          }
          if (d.demand != null) {
            return "DemandOpen";
          }
          give(d.client, d.unspent());
          finish(d, DealState.COMPLETED, block);
          return OK;
        });
  }

  String terminate(DealId id, Address sender, long block) {
    Deal d = deals.get(id);
    if (d == null || !d.state.isRunning()) {
      return "WrongState";
    }
    return attempt(
        () -> {
          settle(d, 1024, block);
          if (!defaulted(d)) {
            return d.state == DealState.FAULTY ? "StillFaulty" : "NotDefaulted";
          }
          takeAll(d, sender, block);
          return OK;
        });
  }

  /** Half of the collateral to the client, out of which comes the tip; the rest is burned. */
  void takeAll(Deal d, Address sender, long block) {
    BigInteger half = d.collateral.shiftRight(1);
    BigInteger tip = half.min(terms.tipCap().units());
    give(d.client, d.unspent().add(half).subtract(tip));
    give(sender, tip);
    burned = burned.add(d.collateral.subtract(half));
    d.collateral = BigInteger.ZERO;
    finish(d, DealState.TERMINATED, block);
  }

  String expire(DealId id, Address sender, long block) {
    Deal d = deals.get(id);
    if (d == null || d.state != DealState.PUBLISHED) {
      return "WrongState";
    }
    if (block <= d.activateBy) {
      return "NotExpired";
    }
    BigInteger[] share =
        d.collateral.multiply(BigInteger.valueOf(terms.expireBurnBps())).divideAndRemainder(BPS);
    BigInteger burn = share[1].signum() > 0 ? share[0].add(BigInteger.ONE) : share[0];
    BigInteger tip = d.collateral.subtract(burn).min(terms.tipCap().units());
    give(d.client, d.price);
    give(sender, tip);
    burned = burned.add(burn);
    d.collateral = d.collateral.subtract(burn).subtract(tip);
    finish(d, DealState.EXPIRED, block);
    return OK;
  }

  /**
   * What is left of the collateral returns; the entry goes now or is not drawn from the next duty
   * on.
   */
  private void finish(Deal d, DealState state, long block) {
    give(miner, d.collateral);
    d.collateral = BigInteger.ZERO;
    d.state = state;
    if (!drawn(block)) {
      d.inSet = false;
    } else {
      d.entryEnd = Math.min(d.entryEnd, clock.nextDuty(block));
    }
  }

  String purge(DealId id, long block) {
    Deal d = deals.get(id);
    if (d == null || !d.inSet) {
      return OK;
    }
    if (drawn(block)) {
      return "SetFrozenUntil";
    }
    if (clock.nextDuty(block) < d.entryEnd) {
      return "NotPurgeable";
    }
    d.inSet = false;
    return OK;
  }

  // ---------------------------------------------------------------- all or nothing

  interface Action {
    String run();
  }

  /** Settling is undone when what it was for is refused: the whole transaction reverts. */
  String attempt(Action action) {
    Map<Address, BigInteger> balances = new HashMap<>();
    accounts.forEach((owner, a) -> balances.put(owner, a.balance));
    Map<Deal, Object[]> before = new HashMap<>();
    deals
        .values()
        .forEach(
            d ->
                before.put(
                    d,
                    new Object[] {
                      d.collateral, d.cursor, d.proved, d.unproved, d.run, d.faultyPeriods
                    }));
    BigInteger burnedBefore = burned;
    String refused = action.run();
    if (!refused.equals(OK)) {
      accounts.forEach((owner, a) -> a.balance = balances.getOrDefault(owner, BigInteger.ZERO));
      before.forEach(
          (d, was) -> {
            d.collateral = (BigInteger) was[0];
            d.cursor = (long) was[1];
            d.proved = (long) was[2];
            d.unproved = (long) was[3];
            d.run = (int) was[4];
            d.faultyPeriods = (long) was[5];
          });
      burned = burnedBefore;
    }
    return refused;
  }
}
