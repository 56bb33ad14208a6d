package io.granary.auditor.replay;

import io.granary.proofs.Hash32;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.proofs.challenge.Positions;
import io.granary.proofs.challenge.ProvingSet;
import io.granary.proofs.challenge.SetEntry;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.opening.DualVerifier;
import io.granary.proofs.tree.Opening;
import io.granary.proofs.tree.TreeShape;
import io.granary.protocol.chain.MarketCall;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.Seeds;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.DealKey;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The market as the protocol says it works, written plainly and independently of the contract:
 * every event is checked against what should have happened, then applied.
 */
final class MarketModel {
  private static final BigInteger BPS = BigInteger.valueOf(10_000);

  private final MarketTerms terms;
  final Map<Hash32, Long> mandateUses = new HashMap<>();
  final Set<Hash32> revokedMandates = new HashSet<>();
  final Map<Address, Long> orderNonces = new HashMap<>();
  final Map<Address, MarketEvent.BudgetSpent> budgets = new HashMap<>();
  private final Function<BlockNumber, Hash32> seedValue;
  private final Function<TxHash, List<MarketCall>> calls;

  final Map<Address, BigInteger> balances = new HashMap<>();
  // By key, as in the contract: whoever ends or settles a deal may give it any last nine bytes.
  final Map<DealKey, ModelDeal> deals = new LinkedHashMap<>();
  final Map<DealKey, MarketEvent.DealCancelled> cancelled = new HashMap<>();
  final Map<Address, BigInteger> requested = new HashMap<>();
  final Map<Address, Long> releaseBlock = new HashMap<>();
  final Map<Address, ProvingSet> sets = new HashMap<>();
  final Map<Address, Set<Long>> bits = new HashMap<>();
  final Map<Address, Set<Long>> excused = new HashMap<>();
  final DemandModel demands;
  private final HandOverModel handOvers;
  BigInteger burned = BigInteger.ZERO;
  long events;
  long sealOpenings;
  long proofs;
  long openings;
  long unseen;

  MarketModel(
      MarketTerms terms,
      Function<BlockNumber, Hash32> seedValue,
      Function<TxHash, List<MarketCall>> calls) {
    this.terms = terms;
    this.seedValue = seedValue;
    this.calls = calls;
    this.demands = new DemandModel(terms, calls);
    this.handOvers = new HandOverModel(this, terms);
  }

  void apply(MarketEvent event) {
    events++;
    switch (event) {
      case MarketEvent.Deposited e -> credit(e.account(), e.amount().units());
      case MarketEvent.WithdrawalRequested e -> withdrawalRequested(e);
      case MarketEvent.Withdrawn e -> withdrawn(e);
      case MarketEvent.DealPublished e -> published(e);
      case MarketEvent.DealSkipped e -> {}
      case MarketEvent.DealActivated e -> activated(e);
      case MarketEvent.DealExtended e -> extended(e);
      case MarketEvent.MandateExecuted e -> mandated(e);
      case MarketEvent.MandateRevoked e -> revokedMandates.add(e.digest());
      case MarketEvent.OrderTaken e -> orderTaken(e);
      case MarketEvent.HandOverAnnounced e -> handOvers.announced(e);
      case MarketEvent.BudgetSpent e -> budgets.put(e.miner(), e);
      case MarketEvent.DealShortened e -> shortened(e);
      case MarketEvent.DealCancelled e -> cancelled(e);
      case MarketEvent.DealExpired e -> expired(e);
      case MarketEvent.DealSettled e -> settled(e);
      case MarketEvent.DealCompleted e -> completed(e);
      case MarketEvent.DealTerminated e -> terminated(e);
      case MarketEvent.EntryPurged e -> purged(e);
      case MarketEvent.PeriodProved e -> proved(e);
      case MarketEvent.MaintenanceAnnounced e -> announced(e);
      case MarketEvent.DemandRaised e -> demandRaised(e);
      case MarketEvent.DemandAnswered e -> demands.answered(e, running(e, e.dealId()));
      case MarketEvent.DemandResolved e -> demands.resolved(e, known(e, e.dealId()));
      case MarketEvent.SealDisputed e -> demands.disputed(e, running(e, e.dealId()));
      case MarketEvent.EtherWithdrawn e -> demands.withdrawn(e);
      case MarketEvent.FaultDeclared e -> faultDeclared(e);
      case MarketEvent.DealRecovered e -> recovered(e);
      case MarketEvent.NoticeWaived e -> handOvers.waived(e);
      case MarketEvent.DealHandedOver e -> handOvers.handedOver(e);
      case MarketEvent.EscrowMoved e -> handOvers.escrowMoved(e);
    }
  }

  static void require(MarketEvent event, String what, Object expected, Object actual) {
    if (!expected.equals(actual)) {
      throw Finding.at(event, what, expected, actual);
    }
  }

  void credit(Address account, BigInteger amount) {
    balances.merge(account, amount, BigInteger::add);
  }

  void debit(MarketEvent event, Address account, BigInteger amount, String what) {
    BigInteger balance = balances.getOrDefault(account, BigInteger.ZERO);
    if (balance.compareTo(amount) < 0) {
      throw Finding.at(event, what + " of " + account, "at least " + amount + " unlocked", balance);
    }
    balances.put(account, balance.subtract(amount));
  }

  PeriodClock clock(Address miner) {
    return new PeriodClock(
        terms.periodBlocks(), terms.windowBlocks(), Seeds.clockShift(miner, terms.periodBlocks()));
  }

  ProvingSet set(Address miner) {
    return sets.computeIfAbsent(miner, m -> new ProvingSet());
  }

  private boolean isProved(Address miner, long period) {
    return bits.getOrDefault(miner, Set.of()).contains(period);
  }

  private boolean isExcused(Address miner, long period) {
    return excused.getOrDefault(miner, Set.of()).contains(period);
  }

  boolean isFrozen(Address miner, long block) {
    PeriodClock clock = clock(miner);
    long period = clock.periodAt(block);
    return set(miner).weight() > 0
        && block >= clock.challengeBlock(period)
        && !isProved(miner, period)
        && !isExcused(miner, period);
  }

  ModelDeal known(MarketEvent event, DealId id) {
    ModelDeal deal = deals.get(DealKey.of(id));
    if (deal == null) {
      throw Finding.at(event, "deal " + id, "published before", "never seen");
    }
    return deal;
  }

  ModelDeal deal(MarketEvent event, DealId id, DealState wanted) {
    ModelDeal deal = known(event, id);
    require(event, "state of deal " + id, wanted, deal.state);
    return deal;
  }

  /** A deal that has periods: active, or faulty. */
  ModelDeal running(MarketEvent event, DealId id) {
    ModelDeal deal = deals.get(DealKey.of(id));
    return deal != null && deal.state == DealState.FAULTY
        ? deal
        : deal(event, id, DealState.ACTIVE);
  }

  // ---------------------------------------------------------------- money

  /** Protocol §3.10: what an account signs for others to send is taken once and in order. */
  private void orderTaken(MarketEvent.OrderTaken e) {
    long next = orderNonces.getOrDefault(e.account(), 0L);
    require(e, "nonce of an order of " + e.account(), next, e.nonce());
    orderNonces.put(e.account(), next + 1);
  }

  private void withdrawalRequested(MarketEvent.WithdrawalRequested e) {
    require(
        e,
        "release block of a withdrawal",
        e.at().block().value() + terms.withdrawNotice(),
        e.releaseBlock().value());
    requested.put(e.account(), e.amount().units());
    releaseBlock.put(e.account(), e.releaseBlock().value());
  }

  private void withdrawn(MarketEvent.Withdrawn e) {
    BigInteger announced = requested.getOrDefault(e.account(), BigInteger.ZERO);
    BigInteger due = announced.min(balances.getOrDefault(e.account(), BigInteger.ZERO));
    require(e, "amount withdrawn by " + e.account(), due, e.amount().units());
    if (e.at().block().value() < releaseBlock.getOrDefault(e.account(), Long.MAX_VALUE)) {
      throw Finding.at(
          e,
          "notice of a withdrawal by " + e.account(),
          "block " + releaseBlock.get(e.account()),
          "block " + e.at().block());
    }
    debit(e, e.account(), e.amount().units(), "withdrawal");
    requested.remove(e.account());
  }

  // ---------------------------------------------------------------- publication and seal

  private void published(MarketEvent.DealPublished e) {
    DealProposal p = e.proposal();
    require(e, "id of a published deal", Eip712.dealId(terms.domain(), p), e.dealId());
    DealKey key = DealKey.of(e.dealId());
    if (deals.containsKey(key) || cancelled.containsKey(key)) {
      throw Finding.at(e, "deal " + e.dealId(), "published once", "published again");
    }
    long block = e.at().block().value();
    require(
        e, "seal block of deal " + e.dealId(), block + terms.sealDelay(), e.sealBlock().value());
    requireBounds(e, p, block);
    BigInteger due =
        p.replaces().equals(Hash32.ZERO) ? p.price().units() : handOvers.due(e, p, block);
    debit(e, p.client(), due, "price of deal " + e.dealId());
    debit(e, p.miner(), p.collateral().units(), "collateral of deal " + e.dealId());
    ModelDeal d = new ModelDeal(e.dealId(), p, e.sealedRoot(), e.sealBlock().value(), terms, due);
    deals.put(key, d);
    handOvers.published(d);
  }

  private void requireBounds(MarketEvent e, DealProposal p, long block) {
    TokenAmount least = Pricing.price(terms.minPricePerLeafPeriod(), p.size(), p.periods());
    boolean good =
        block <= p.publishBy().value()
            && p.publishBy().value() <= p.activateBy().value()
            && p.activateBy().value() > block + terms.sealDelay() + terms.windowBlocks()
            && p.activateBy().value() <= block + terms.maxActivationBlocks()
            && p.periods() >= 1
            && p.periods() <= terms.maxPeriods()
            && p.sealProfile() == 1
            && !p.price().isLessThan(least)
            && !p.collateral()
                .isLessThan(Pricing.leastCollateral(terms, p.price(), p.size(), p.periods()));
    require(e, "bounds of a published proposal", true, good);
  }

  private void cancelled(MarketEvent.DealCancelled e) {
    DealKey key = DealKey.of(e.dealId());
    require(e, "cancelled deal was published", false, deals.containsKey(key));
    cancelled.put(key, e);
  }

  private void activated(MarketEvent.DealActivated e) {
    ModelDeal d = deal(e, e.dealId(), DealState.PUBLISHED);
    long block = e.at().block().value();
    require(
        e,
        "activation of " + d.id + " by block " + d.terms.activateBy(),
        true,
        block <= d.terms.activateBy().value() && block > d.sealBlock);
    require(
        e,
        "proving set of " + e.miner() + " frozen at an activation",
        false,
        isFrozen(e.miner(), block));
    long first = Math.max(clock(e.miner()).nextDuty(block), handOvers.activated(e, d));
    require(e, "first period of " + d.id, first, e.start().index());
    require(e, "end of " + d.id, e.start().index() + d.terms.periods(), e.end().index());
    Hash32 seed =
        Seeds.seal(seedValue.apply(new BlockNumber(d.sealBlock)), terms.domain().market(), d.id);
    checkSeal(e, d, seed);
    d.state = DealState.ACTIVE;
    d.start = e.start().index();
    d.cursor = d.start;
    d.end = e.end().index();
    set(e.miner())
        .append(new SetEntry(d.id.hash(), d.sealedRoot, d.terms.size().leafCount(), d.end));
  }

  /** The contract passes over a bad item and takes a later one: one of a transaction's must do. */
  private void checkSeal(MarketEvent e, ModelDeal d, Hash32 seed) {
    List<byte[]> given =
        calls.apply(e.at().tx()).stream()
            .flatMap(MarketModel::opened)
            .filter(item -> item.proposal().equals(d.terms))
            .map(MarketCall.Activate.Item::openings)
            .toList();
    if (given.isEmpty()) {
      unseen++;
      return;
    }
    for (byte[] openings : given.subList(0, given.size() - 1)) {
      try {
        checkSealOpenings(e, d, seed, openings);
        return;
      } catch (Finding.FoundException passedOver) {
        // Not the one that activated the deal; the last one has to be good then.
        continue;
      }
    }
    checkSealOpenings(e, d, seed, given.getLast());
  }

  private static Stream<MarketCall.Activate.Item> opened(MarketCall call) {
    return switch (call) {
      case MarketCall.Activate a -> a.items().stream();
      case MarketCall.Recover r -> Stream.of(r.item());
      case MarketCall.Prove p -> Stream.empty();
      case MarketCall.Answer a -> Stream.empty();
      case MarketCall.Dispute d -> Stream.empty();
    };
  }

  private void checkSealOpenings(MarketEvent e, ModelDeal d, Hash32 seed, byte[] packed) {
    TreeShape shape = d.terms.size().shape();
    List<Long> positions = Positions.seal(seed, terms.sealChallenges(), shape.leafCount());
    int half = 32 * (shape.height() + 1);
    require(
        e, "length of the seal openings of " + d.id, positions.size() * 2 * half, packed.length);
    List<DualOpening> given = new ArrayList<>();
    for (int i = 0; i < positions.size(); i++) {
      int at = 2 * half * i;
      given.add(
          new DualOpening(
              positions.get(i),
              Opening.of(Arrays.copyOfRange(packed, at, at + half)),
              Opening.of(Arrays.copyOfRange(packed, at + half, at + 2 * half))));
    }
    DualVerifier verifier =
        new DualVerifier(
            d.id.hash(),
            d.terms.sealProfile(),
            d.terms.pieceRoot(),
            d.sealedRoot,
            shape.leafCount());
    if (verifier.verify(positions, given) instanceof DualVerifier.Verdict.Wrong wrong) {
      throw Finding.at(
          e, "seal opening " + wrong.opening() + " of " + d.id, "a valid opening", wrong.reason());
    }
    sealOpenings += positions.size();
  }

  // ---------------------------------------------------------------- proving

  private void proved(MarketEvent.PeriodProved e) {
    Address miner = e.miner();
    long period = e.period().index();
    require(
        e,
        "window of period " + period + " of " + miner,
        true,
        clock(miner).inWindow(period, e.at().block().value()));
    require(
        e, "period " + period + " of " + miner + " proved before", false, isProved(miner, period));
    require(
        e,
        "period " + period + " of " + miner + " is maintenance",
        false,
        isExcused(miner, period));
    Hash32 value = seedValue.apply(new BlockNumber(clock(miner).challengeBlock(period)));
    Hash32 seed = Seeds.period(value, terms.domain().market(), miner, new Period(period));
    List<ProvingSet.Draw> draws = set(miner).draw(seed, period, terms.challenges());
    require(e, "draws of period " + period + " of " + miner, terms.challenges(), draws.size());
    MarketCall.Prove call = proveCall(e, period);
    if (call == null) {
      unseen++;
    } else {
      checkOpenings(e, draws, call.openings());
    }
    proofs++;
    bits.computeIfAbsent(miner, m -> new HashSet<>()).add(period);
  }

  /** Protocol §5.7. */
  private void announced(MarketEvent.MaintenanceAnnounced e) {
    Address miner = e.miner();
    long first = e.first().index();
    long earliest = clock(miner).periodAt(e.at().block().value()) + terms.maintenanceNotice();
    require(e, "length of a maintenance of " + miner, true, e.count() > 0);
    if (first < earliest) {
      throw Finding.at(e, "notice of a maintenance of " + miner, "from period " + earliest, first);
    }
    require(
        e,
        "end of a maintenance of " + miner + " within reach",
        true,
        first + e.count() <= earliest + terms.maxPeriods());
    Set<Long> own = excused.computeIfAbsent(miner, m -> new HashSet<>());
    for (long p = first; p < first + e.count(); p++) {
      require(e, "period " + p + " of " + miner + " announced once", true, own.add(p));
      long begin = p - p % terms.maintenanceQuarter();
      long used =
          own.stream().filter(x -> x >= begin && x < begin + terms.maintenanceQuarter()).count();
      if (used > terms.maintenancePeriods()) {
        throw Finding.at(
            e,
            "maintenance of " + miner + " in the quarter of period " + p,
            "at most " + terms.maintenancePeriods(),
            used);
      }
    }
  }

  private MarketCall.@org.jspecify.annotations.Nullable Prove proveCall(
      MarketEvent.PeriodProved e, long period) {
    for (MarketCall call : calls.apply(e.at().tx())) {
      if (call instanceof MarketCall.Prove p
          && p.miner().equals(e.miner())
          && p.period().index() == period) {
        return p;
      }
    }
    return null;
  }

  private void checkOpenings(
      MarketEvent.PeriodProved e, List<ProvingSet.Draw> draws, byte[] packed) {
    int at = 0;
    for (int i = 0; i < draws.size(); i++) {
      SetEntry entry = draws.get(i).entry();
      int length = 32 * (new TreeShape(entry.leafCount()).height() + 1);
      String what = "opening " + i + " of period " + e.period() + " of " + e.miner();
      if (at + length > packed.length) {
        throw Finding.at(e, what, length + " bytes", packed.length - at);
      }
      Opening opening = Opening.of(Arrays.copyOfRange(packed, at, at + length));
      if (!opening.opens(entry.sealedRoot(), draws.get(i).leaf(), entry.leafCount())) {
        throw Finding.at(
            e,
            what,
            "leaf " + draws.get(i).leaf() + " of deal " + entry.dealId(),
            "an opening of something else");
      }
      at += length;
    }
    require(
        e,
        "length of the openings of period " + e.period() + " of " + e.miner(),
        at,
        packed.length);
    openings += draws.size();
  }

  // ---------------------------------------------------------------- declared faults

  /** Protocol §5.8; EntryPurged has removed the entry just before. */
  private void faultDeclared(MarketEvent.FaultDeclared e) {
    ModelDeal d = deal(e, e.dealId(), DealState.ACTIVE);
    Address miner = d.terms.miner();
    long block = e.at().block().value();
    require(e, "miner of the faulty deal " + d.id, miner, e.miner());
    require(e, "default of " + d.id + " when its fault is declared", false, d.defaulted());
    // With the entry that has left it: it may have been the only one.
    PeriodClock clock = clock(miner);
    long period = clock.periodAt(block);
    boolean decided = isProved(miner, period) || isExcused(miner, period);
    require(
        e,
        "proving set of " + miner + " frozen when a fault is declared",
        false,
        block >= clock.challengeBlock(period) && !decided);
    require(e, "settled periods of " + d.id, firstOpen(d, block), d.cursor);
    require(e, "first faulty period of " + d.id, d.cursor, e.from().index());
    require(e, "fault of " + d.id + " declared before its end", true, d.cursor < d.end);
    require(
        e,
        "entry of the faulty deal " + d.id + " in the proving set",
        false,
        set(miner).contains(d.id.hash()));
    d.faultySince = d.cursor;
    d.state = DealState.FAULTY;
  }

  private void recovered(MarketEvent.DealRecovered e) {
    ModelDeal d = deal(e, e.dealId(), DealState.FAULTY);
    Address miner = d.terms.miner();
    long block = e.at().block().value();
    PeriodClock clock = clock(miner);
    long drawnBy = clock.nextDuty(block) - 1;
    require(e, "miner of the recovered deal " + d.id, miner, e.miner());
    require(e, "default of " + d.id + " at its recovery", false, d.defaulted());
    require(e, "proving set of " + miner + " frozen at a recovery", false, isFrozen(miner, block));
    require(e, "period that draws the recovery of " + d.id, drawnBy, e.drawnBy().index());
    require(
        e,
        "challenge block of the recovery of " + d.id + " after the declaration",
        true,
        drawnBy >= d.faultySince && block > clock.challengeBlock(drawnBy));
    require(e, "settled periods of " + d.id, Math.max(drawnBy + 1, d.start), d.cursor);
    require(e, "first period after the recovery of " + d.id, d.cursor, e.from().index());
    require(e, "recovery of " + d.id + " before its end", true, d.cursor < d.end);
    Hash32 value = seedValue.apply(new BlockNumber(clock.challengeBlock(drawnBy)));
    checkSeal(e, d, Seeds.recovery(value, terms.domain().market(), d.id, new Period(drawnBy)));
    d.state = DealState.ACTIVE;
    set(miner).append(new SetEntry(d.id.hash(), d.sealedRoot, d.terms.size().leafCount(), d.end));
  }

  // ---------------------------------------------------------------- settlement

  private void settled(MarketEvent.DealSettled e) {
    ModelDeal d = running(e, e.dealId());
    Address miner = d.terms.miner();
    require(e, "first period settled of " + d.id, d.cursor, e.from().index());
    if (d.state == DealState.FAULTY) {
      settledFaulty(e, d);
      return;
    }
    long current = clock(miner).periodAt(e.at().block().value());
    long closed = isProved(miner, current) || isExcused(miner, current) ? current + 1 : current;
    if (e.to().index() > Math.min(closed, d.end) || e.to().index() <= d.cursor) {
      throw Finding.at(
          e,
          "last period settled of " + d.id,
          "at most " + Math.min(closed, d.end),
          e.to().index());
    }
    long won = 0;
    long lost = 0;
    long maintained = 0;
    for (long p = d.cursor; p < e.to().index(); p++) {
      require(
          e, "settlement of " + d.id + " beyond its default", false, d.run > terms.maxMissRun());
      if (isProved(miner, p)) {
        won++;
        d.run = 0;
      } else if (isExcused(miner, p)) {
        maintained++;
      } else {
        lost++;
        d.run++;
      }
    }
    require(e, "proved periods of " + d.id, won, e.proved());
    require(e, "excused periods of " + d.id, maintained, e.excused());
    moveMoney(e, d, won, lost, maintained, d.slashPerMiss);
    d.cursor = e.to().index();
  }

  /** Protocol §5.8: whatever the miner proves of other deals. */
  private void settledFaulty(MarketEvent.DealSettled e, ModelDeal d) {
    long drawn = clock(d.terms.miner()).nextDuty(e.at().block().value());
    long last = Math.min(drawn, d.end);
    // The period that is one too many, or takes the last of the collateral, is settled, too.
    long most = d.faultySince + terms.maxFaultyPeriods() + 1;
    BigInteger lasts =
        d.collateral
            .add(d.faultFee)
            .subtract(BigInteger.ONE)
            .divide(d.faultFee)
            .add(BigInteger.valueOf(d.cursor));
    last = BigInteger.valueOf(Math.min(last, most)).min(lasts).longValueExact();
    if (e.to().index() > last || e.to().index() <= d.cursor) {
      throw Finding.at(
          e, "last faulty period settled of " + d.id, "at most " + last, e.to().index());
    }
    require(e, "proved periods of the faulty deal " + d.id, 0L, e.proved());
    require(e, "excused periods of the faulty deal " + d.id, 0L, e.excused());
    moveMoney(e, d, 0, e.to().index() - d.cursor, 0, d.faultFee);
    d.cursor = e.to().index();
  }

  private void moveMoney(
      MarketEvent.DealSettled e,
      ModelDeal d,
      long won,
      long lost,
      long maintained,
      BigInteger penalty) {
    BigInteger paid = d.share(d.proved + won).subtract(d.share(d.proved));
    BigInteger fee = fee(d.share(d.proved + won)).subtract(fee(d.share(d.proved)));
    BigInteger refunded = d.share(d.unproved() + lost + maintained).subtract(d.share(d.unproved()));
    BigInteger slashed = BigInteger.ZERO;
    BigInteger toClient = BigInteger.ZERO;
    for (long i = 0; i < lost; i++) {
      BigInteger cut = penalty.min(d.collateral);
      d.collateral = d.collateral.subtract(cut);
      slashed = slashed.add(cut);
      toClient = toClient.add(cut.shiftRight(1));
    }
    require(e, "pay of " + d.id, paid, e.paid().units());
    require(e, "burned share of the pay of " + d.id, fee, e.feeBurned().units());
    require(e, "refund of " + d.id, refunded, e.refunded().units());
    require(e, "slash of " + d.id, slashed, e.slashed().units());
    require(e, "client's share of the slash of " + d.id, toClient, e.slashedToClient().units());
    credit(d.terms.miner(), paid.subtract(fee));
    credit(d.terms.client(), refunded.add(toClient));
    burned = burned.add(fee).add(slashed).subtract(toClient);
    d.proved += won;
    d.missed += lost;
    d.excused += maintained;
    d.paid = d.paid.add(paid);
    d.refunded = d.refunded.add(refunded);
    d.slashed = d.slashed.add(slashed);
  }

  private BigInteger fee(BigInteger paid) {
    return paid.multiply(BigInteger.valueOf(terms.priceBurnBps())).divide(BPS);
  }

  // ---------------------------------------------------------------- extension

  /** Protocol §3.6; what closed periods cost was settled by an event of its own just before. */
  private void extended(MarketEvent.DealExtended e) {
    ModelDeal d = deal(e, e.dealId(), DealState.ACTIVE);
    Address miner = d.terms.miner();
    long block = e.at().block().value();
    require(e, "miner of the extended deal " + d.id, miner, e.miner());
    require(e, "default of " + d.id + " at its extension", false, d.run > terms.maxMissRun());
    require(e, "notice given of " + d.id + " before its extension", false, d.noticed);
    require(
        e, "proving set of " + miner + " frozen at an extension", false, isFrozen(miner, block));
    require(
        e,
        "extension of " + d.id + " before its end",
        true,
        clock(miner).periodAt(block) < d.end && set(miner).contains(d.id.hash()));
    handOvers.requireNotPending(e, d);
    require(e, "settled periods of " + d.id, firstOpen(d, block), d.cursor);
    require(e, "first period of the extension of " + d.id, d.cursor, e.from().index());
    require(
        e,
        "new end of " + d.id + " after its old end " + d.end,
        true,
        e.end().index() > d.end && e.end().index() - d.cursor <= terms.maxPeriods());
    require(e, "unspent price carried on by " + d.id, d.unspent(), e.carried().units());
    requireExtendedBounds(e, d);

    BigInteger price = e.price().units();
    if (price.compareTo(d.unspent()) >= 0) {
      debit(e, d.terms.client(), price.subtract(d.unspent()), "price of extending " + d.id);
    } else {
      credit(d.terms.client(), d.unspent().subtract(price));
    }
    BigInteger collateral = e.collateral().units();
    debit(e, miner, collateral.subtract(d.collateral), "collateral of extending " + d.id);
    d.collateral = collateral;
    d.countAnew(e.end().index(), e.price());
    set(miner).moveEnd(d.id.hash(), d.end);
  }

  /** Protocol §3.8: the tip; the renewal itself is the extension that follows. */
  private void mandated(MarketEvent.MandateExecuted e) {
    ModelDeal d = deal(e, e.dealId(), DealState.ACTIVE);
    require(
        e,
        "mandate " + e.digest() + " revoked before",
        false,
        revokedMandates.contains(e.digest()));
    long used = mandateUses.merge(e.digest(), 1L, Long::sum);
    require(e, "renewals by mandate " + e.digest(), used, e.used());
    require(
        e,
        "tip of mandate " + e.digest() + " within the cap",
        false,
        terms.tipCap().isLessThan(e.tip()));
    long period = clock(d.terms.miner()).periodAt(e.at().block().value());
    require(
        e, "mandate of " + d.id + " near its end", true, d.end - period <= terms.maxMissRun() + 1L);
    debit(e, d.terms.client(), e.tip().units(), "tip of the mandate of " + d.id);
    credit(e.by(), e.tip().units());
  }

  /** Its first period that is not over and whose challenges nobody can know. */
  long firstOpen(ModelDeal d, long block) {
    Address miner = d.terms.miner();
    long period = clock(miner).periodAt(block);
    // An excused period is closed from its first block on.
    long open = isExcused(miner, period) ? period + 1 : clock(miner).nextDuty(block);
    // A deal that replaced another may not have begun yet.
    return Math.max(open, d.start);
  }

  private void requireExtendedBounds(MarketEvent.DealExtended e, ModelDeal d) {
    long periods = e.end().index() - d.cursor;
    BigInteger[] perPeriod = e.price().units().divideAndRemainder(BigInteger.valueOf(periods));
    require(
        e, "rest of the new price of " + d.id + " by its periods", BigInteger.ZERO, perPeriod[1]);
    TokenAmount least = Pricing.price(terms.minPricePerLeafPeriod(), d.terms.size(), periods);
    boolean good =
        !e.price().isLessThan(least)
            && e.collateral().units().compareTo(d.collateral) >= 0
            && !e.collateral()
                .isLessThan(Pricing.leastCollateral(terms, e.price(), d.terms.size(), periods));
    require(e, "bounds of the extension of " + d.id, true, good);
  }

  // ---------------------------------------------------------------- ends

  /** Protocol §3.7: notice, or, when no period is left, the consent of both. */
  private void shortened(MarketEvent.DealShortened e) {
    ModelDeal d = running(e, e.dealId());
    boolean faulty = d.state == DealState.FAULTY;
    Address miner = d.terms.miner();
    long block = e.at().block().value();
    require(e, "miner of the shortened deal " + d.id, miner, e.miner());
    require(e, "default of " + d.id + " at its early end", false, d.defaulted());
    // A faulty deal has nothing in the set.
    require(
        e,
        "proving set of " + miner + " frozen at an early end",
        false,
        !faulty && isFrozen(miner, block));
    long open =
        faulty ? Math.max(d.faultySince, clock(miner).nextDuty(block)) : firstOpen(d, block);
    handOvers.requireNotPending(e, d);
    require(e, "settled periods of " + d.id, open, d.cursor);
    require(e, "first period of the notice of " + d.id, d.cursor, e.from().index());
    boolean atOnce = e.end().equals(e.from());
    long notice = atOnce ? 0 : terms.maxMissRun() + 1;
    require(e, "nearer end of " + d.id, d.cursor + notice, e.end().index());
    require(
        e, "nearer end of " + d.id + " before its old end " + d.end, true, e.end().index() < d.end);
    BigInteger price = d.share(notice);
    require(e, "price of the notice of " + d.id, price, e.price().units());
    BigInteger refunded = d.unspent().subtract(price);
    require(e, "refund at the early end of " + d.id, refunded, e.refunded().units());
    credit(d.terms.client(), refunded);
    d.refunded = d.refunded.add(refunded);
    if (atOnce) {
      d.endedByBoth = true;
      d.end = d.cursor;
    } else {
      d.noticed = true;
      d.countAnew(e.end().index(), e.price());
      if (!faulty) {
        set(miner).moveEnd(d.id.hash(), d.end);
      }
    }
  }

  private void expired(MarketEvent.DealExpired e) {
    ModelDeal d = deal(e, e.dealId(), DealState.PUBLISHED);
    require(
        e,
        "expiry of " + d.id + " after block " + d.terms.activateBy(),
        true,
        e.at().block().isAfter(d.terms.activateBy()));
    BigInteger burn =
        d.collateral
            .multiply(BigInteger.valueOf(terms.expireBurnBps()))
            .add(BPS)
            .subtract(BigInteger.ONE)
            .divide(BPS);
    BigInteger tip = d.collateral.subtract(burn).min(terms.tipCap().units());
    require(e, "burn at the expiry of " + d.id, burn, e.burned().units());
    require(e, "tip at the expiry of " + d.id, tip, e.tip().units());
    credit(d.terms.client(), d.held);
    credit(d.terms.miner(), d.collateral.subtract(burn).subtract(tip));
    credit(e.by(), tip);
    burned = burned.add(burn);
    d.state = DealState.EXPIRED;
  }

  private void completed(MarketEvent.DealCompleted e) {
    ModelDeal d = running(e, e.dealId());
    require(e, "settled periods of " + d.id + " at its completion", d.end, d.cursor);
    require(e, "default of " + d.id + " at its completion", false, d.defaulted());
    require(e, "open demand on " + d.id + " at its completion", false, demands.holds(d));
    long due =
        d.endedByBoth ? 0 : clock(d.terms.miner()).periodEnd(d.end - 1) + terms.collateralHold();
    require(
        e,
        "hold of the collateral of " + d.id + " until block " + due,
        true,
        e.at().block().value() >= due);
    require(e, "collateral freed of " + d.id, d.collateral, e.collateral().units());
    require(e, "dust of " + d.id, d.unspent(), e.dust().units());
    credit(d.terms.miner(), d.collateral);
    credit(d.terms.client(), d.unspent());
    leave(e, d);
    d.state = DealState.COMPLETED;
  }

  private void demandRaised(MarketEvent.DemandRaised e) {
    ModelDeal d = deal(e, e.dealId(), DealState.ACTIVE);
    long over = clock(d.terms.miner()).periodEnd(d.end - 1);
    demands.raised(e, d, over + terms.collateralHold(), atEase(d.terms.miner(), e));
  }

  /** demandBlocks from now, or from the end of maintenance that begins before they are over. */
  private long atEase(Address miner, MarketEvent.DemandRaised e) {
    PeriodClock clock = clock(miner);
    long deadline = e.at().block().value() + terms.demandBlocks();
    long p = clock.periodAt(e.at().block().value());
    for (; p <= clock.periodAt(deadline); p++) {
      if (isExcused(miner, p)) {
        deadline = clock.periodEnd(p) + terms.demandBlocks();
      }
    }
    return deadline;
  }

  /** A forfeit settles all that is closed before; a default stops the settling for good. */
  private boolean isForfeit(ModelDeal d, long block) {
    if (d.defaulted()) {
      return true;
    }
    long closed = Math.min(clock(d.terms.miner()).periodAt(block), d.end);
    return d.forfeit != ModelDeal.Forfeit.NONE && d.cursor >= closed;
  }

  private void terminated(MarketEvent.DealTerminated e) {
    ModelDeal d = running(e, e.dealId());
    require(
        e,
        "default of " + d.id + " at its termination",
        true,
        isForfeit(d, e.at().block().value()));
    BigInteger half = d.collateral.shiftRight(1);
    BigInteger tip =
        d.forfeit == ModelDeal.Forfeit.DISPUTED
            ? BigInteger.ZERO
            : half.min(terms.tipCap().units());
    require(e, "refund at the termination of " + d.id, d.unspent(), e.refunded().units());
    require(
        e, "client's half at the termination of " + d.id, half.subtract(tip), e.toClient().units());
    require(e, "tip at the termination of " + d.id, tip, e.tip().units());
    require(
        e, "burn at the termination of " + d.id, d.collateral.subtract(half), e.burned().units());
    require(
        e,
        "exit period of " + d.id,
        clock(d.terms.miner()).nextDuty(e.at().block().value()),
        e.exitPeriod().index());
    require(
        e,
        "unspent price of " + d.id + " into the lock of its successor",
        handOvers.isPending(d, e.at().block().value()),
        d.escrowMoved);
    credit(d.terms.client(), half.subtract(tip));
    if (!d.escrowMoved) {
      credit(d.terms.client(), d.unspent());
      d.refunded = d.refunded.add(d.unspent());
    }
    credit(e.by(), tip);
    burned = burned.add(d.collateral).subtract(half);
    d.slashed = d.slashed.add(d.collateral);
    leave(e, d);
    d.state = DealState.TERMINATED;
  }

  /**
   * Inside a freeze the entry stays and is only no longer drawn; outside, EntryPurged has removed
   * it just before.
   */
  private void leave(MarketEvent e, ModelDeal d) {
    Address miner = d.terms.miner();
    if (set(miner).contains(d.id.hash())) {
      long block = e.at().block().value();
      require(
          e,
          "entry of " + d.id + " left in a set that is not frozen",
          true,
          isFrozen(miner, block));
      set(miner).endAt(d.id.hash(), clock(miner).nextDuty(block));
    }
  }

  private void purged(MarketEvent.EntryPurged e) {
    ModelDeal d = deals.get(DealKey.of(e.dealId()));
    if (d == null || !set(e.miner()).contains(d.id.hash())) {
      throw Finding.at(e, "entry of " + e.dealId(), "in the proving set", "not there");
    }
    require(
        e,
        "proving set of " + e.miner() + " frozen at a purge",
        false,
        isFrozen(e.miner(), e.at().block().value()));
    set(e.miner()).remove(d.id.hash());
  }

  /** What is locked in deals. */
  BigInteger locked() {
    BigInteger sum = BigInteger.ZERO;
    for (ModelDeal d : deals.values()) {
      if (!d.state.isFinal()) {
        sum = sum.add(d.unspent()).add(d.collateral);
      }
    }
    return sum;
  }
}
