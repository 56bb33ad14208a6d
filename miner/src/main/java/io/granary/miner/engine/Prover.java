package io.granary.miner.engine;

import io.granary.miner.MinerConfig;
import io.granary.miner.MinerPorts;
import io.granary.miner.OperatorLog;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.ops.Traces;
import io.granary.miner.replica.Reading;
import io.granary.miner.replica.ReplicaReader;
import io.granary.miner.storage.DealBook;
import io.granary.miner.storage.ProofStore;
import io.granary.proofs.Hash32;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.proofs.challenge.Positions;
import io.granary.proofs.opening.DrawOpenings;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.tree.Opening;
import io.granary.protocol.chain.DrawnLeaf;
import io.granary.protocol.chain.TxRefusedException;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.chain.Urgency;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.PeriodProof;
import io.granary.protocol.deal.PeriodStake;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Proves each period on chain, and each deal's period to its auditor (Protocol §5, §6). Nothing
 * that does not verify is sent.
 */
final class Prover {
  private final MinerConfig config;
  private final MinerPorts ports;
  private final EthKey operator;
  private final Address miner;
  private final DealBook book;
  private final ProofStore proofs;
  private final ReplicaReader replicas;
  private final OperatorLog log;
  private final Traces traces;
  // A node that was away longer than this has other troubles; an auditor asks for no older ones.
  private static final int CATCH_UP_PERIODS = 16;

  /** Proofs in memory at a time, and in one durable write: two megabytes at most. */
  private static final int BATCH = 256;

  private long lastHead = -1;
  private String withheld = "";
  private String damagedTold = "";
  // Last period whose proofs for the auditors are signed; -1 until the first look after a start.
  private long signed = -1;
  private volatile boolean branchChanged;
  private long checkedMiss = -1;

  Prover(
      MinerConfig config,
      MinerPorts ports,
      EthKey operator,
      Address miner,
      DealBook book,
      ProofStore proofs,
      ReplicaReader replicas,
      OperatorLog log,
      Traces traces) {
    this.config = config;
    this.ports = ports;
    this.operator = operator;
    this.miner = miner;
    this.book = book;
    this.proofs = proofs;
    this.replicas = replicas;
    this.log = log;
    this.traces = traces;
  }

  /** A block was taken back: what was signed may rest on a seed that is no more. */
  void reverted() {
    branchChanged = true;
  }

  /** One round. */
  void run() {
    if (branchChanged) {
      branchChanged = false;
      signed = -1;
      lastHead = -1;
    }
    long head = ports.chain().head().number().value();
    if (head == lastHead) {
      return;
    }
    PeriodClock clock = ports.reader().clock(miner);
    long period = clock.periodAt(head + 1);
    if (clock.inWindow(period, head + 1)) {
      Period due = new Period(period);
      if (!ports.reader().isDecided(miner, due)) {
        try (Traces.Step step = traces.period(due, "prove")) {
          prove(due, clock, head, step);
        }
      }
    }
    signWhatIsDue(clock, head, period);
    noteMiss(period);
    // Last, so that a round that the chain cut short is done again.
    lastHead = head;
  }

  private void noteMiss(long period) {
    if (checkedMiss < 0) {
      checkedMiss = period;
    }
    for (; checkedMiss < period; checkedMiss++) {
      Period closed = new Period(checkedMiss);
      if (hadDuty(closed) && !ports.reader().isDecided(miner, closed)) {
        log.missed(closed);
      }
    }
  }

  private boolean hadDuty(Period period) {
    List<DealId> stored =
        book.all().stream().filter(StoredDeal::hasReplica).map(StoredDeal::id).toList();
    return ports.reader().deals(stored).values().stream()
        .anyMatch(c -> PeriodStake.covers(c, period));
  }

  private void prove(Period period, PeriodClock clock, long head, Traces.Step step) {
    Instant began = Instant.now();
    List<DrawnLeaf> drawn;
    try (Traces.Step draw = step.part("draw")) {
      drawn = ports.reader().drawnLeaves(miner, period);
    } catch (TxRefusedException e) {
      step.failed("the draw is refused: " + e.refusal().error());
      log.refused("the draw of period " + period, e.refusal());
      return;
    }
    if (drawn.isEmpty()) {
      return;
    }
    long left = clock.periodEnd(period.index()) - 1 - head;
    if (left <= config.tuning().slackWarnBlocks()) {
      log.proofIsTight(period, left);
    }
    Optional<byte[]> openings;
    try (Traces.Step open = step.part("open")) {
      openings = open(period, drawn);
    }
    if (openings.isEmpty()) {
      step.failed("a replica does not open");
      // Tried again at each block: the operator may restore the replica in time.
      return;
    }
    TxResult result;
    try (Traces.Step send = step.part("send")) {
      result = ports.market().prove(miner, period, openings.get(), urgency(period, clock));
    }
    switch (result) {
      case TxResult.Confirmed tx -> {
        long slack = clock.periodEnd(period.index()) - 1 - tx.block().number().value();
        log.proved(period, tx, slack, Duration.between(began, Instant.now()));
      }
      case TxResult.Refused refused -> {
        if (refused.isOutdated()) {
          log.seedChanged(period);
          branchChanged = true;
        } else if (!refused.error().equals("AlreadyProved")) {
          // Somebody else may send a miner's proof; the period is what counts.
          step.failed(refused.error());
          log.refused("prove", refused);
        }
      }
    }
  }

  /** Until the end of the window, for what a miss would cost. */
  private Urgency urgency(Period period, PeriodClock clock) {
    PeriodStake stake =
        PeriodStake.of(
            period, ChainDeals.active(book, ports.reader()).values(), ports.reader().terms());
    return Urgency.by(
        new BlockNumber(clock.periodEnd(period.index()) - 1), config.fees().most(stake.miss()));
  }

  private void withhold(Period period, String deal, long leaf, String reason) {
    // Once a period and deal: when one replica is restored, the next that is damaged is told too.
    String what = period + " " + deal;
    if (!withheld.equals(what)) {
      withheld = what;
      log.proofWithheld(period, deal, leaf, reason);
    }
  }

  private Optional<byte[]> open(Period period, List<DrawnLeaf> drawn) {
    List<Opening> openings = new ArrayList<>();
    for (DrawnLeaf leaf : drawn) {
      Optional<StoredDeal> deal = book.find(leaf.deal());
      if (deal.isEmpty()) {
        withhold(
            period,
            leaf.deal().toString(),
            leaf.leaf().value(),
            "this node does not have the deal");
        return Optional.empty();
      }
      switch (replicas.openSealed(deal.get(), leaf.leaf().value())) {
        case Reading.Good<Opening> good -> openings.add(good.value());
        case Reading.Damaged<Opening> damaged -> {
          withhold(period, deal.get().id().toString(), damaged.leaf(), damaged.reason());
          return Optional.empty();
        }
      }
    }
    return Optional.of(DrawOpenings.pack(openings));
  }

  /**
   * Signs what is due and not signed yet: the last periods too, for a node that was away while
   * their windows closed, and those whose seed a reorg changed.
   */
  private void signWhatIsDue(PeriodClock clock, long head, long current) {
    long first = signed < 0 ? Math.max(0, current - CATCH_UP_PERIODS) : signed + 1;
    List<Period> due = new ArrayList<>();
    for (long p = first; p <= current; p++) {
      long challenge = clock.challengeBlock(p);
      if (challenge >= 0 && head >= challenge + config.confirmations()) {
        due.add(new Period(p));
      }
    }
    if (due.isEmpty()) {
      return;
    }
    Map<StoredDeal, DealSnapshot> active = ChainDeals.active(book, ports.reader());
    for (Period period : due) {
      // Maintenance is announced so that the disks may be away: auditors ask for nothing then.
      if (ports.reader().isExcused(miner, period)) {
        signed = period.index();
        continue;
      }
      Optional<Hash32> seed = ports.reader().periodSeed(miner, period);
      // An endpoint may have forgotten an old block; the current one it will know in a moment.
      if (seed.isEmpty() && period.index() == current) {
        return;
      }
      boolean whole = seed.isEmpty() || signForAuditors(period, seed.get(), active);
      // A damaged tree is being built again: the period is tried anew while auditors wait for it.
      if (!whole && period.index() >= current - 1) {
        return;
      }
      signed = period.index();
    }
  }

  /** False when a replica did not open as it must. */
  private boolean signForAuditors(
      Period period, Hash32 seed, Map<StoredDeal, DealSnapshot> active) {
    // In one scan: with thousands of deals, a read of each proof takes as long as making it.
    Map<DealId, Hash32> there = proofs.seeds(period);
    List<StoredDeal> due = new ArrayList<>();
    active.forEach(
        (deal, chain) -> {
          Optional<Hash32> before = Optional.ofNullable(there.get(deal.id()));
          if (PeriodStake.covers(chain, period) && before.filter(seed::equals).isEmpty()) {
            due.add(deal);
          }
        });
    Map<Address, Boolean> registered = new HashMap<>();
    int signedNow = 0;
    for (int from = 0; from < due.size(); from += BATCH) {
      List<StoredDeal> batch = due.subList(from, Math.min(due.size(), from + BATCH));
      signedNow += signBatch(batch, period, seed, registered);
    }
    if (signedNow > 0) {
      log.periodProofs(period, signedNow);
    }
    if (period.index() > config.tuning().keepProofPeriods()) {
      long expired =
          proofs.dropBefore(new Period(period.index() - config.tuning().keepProofPeriods()));
      if (expired > 0) {
        log.proofsExpired(expired);
      }
    }
    return signedNow == due.size();
  }

  /** Signs and keeps, and returns how many could be. */
  private int signBatch(
      List<StoredDeal> deals, Period period, Hash32 seed, Map<Address, Boolean> registered) {
    List<SignedPeriodProof> pushed = new ArrayList<>();
    List<SignedPeriodProof> kept = new ArrayList<>();
    for (StoredDeal deal : deals) {
      sign(deal, period, seed)
          .ifPresent(p -> (isPushed(deal.terms().auditor(), registered) ? pushed : kept).add(p));
    }
    if (!pushed.isEmpty()) {
      proofs.put(pushed, true);
    }
    if (!kept.isEmpty()) {
      proofs.put(kept, false);
    }
    return pushed.size() + kept.size();
  }

  private boolean isPushed(Address auditor, Map<Address, Boolean> registered) {
    return config.pushProofs()
        && registered.computeIfAbsent(auditor, id -> ports.directory().auditor(id).isPresent());
  }

  private Optional<SignedPeriodProof> sign(StoredDeal deal, Period period, Hash32 seed) {
    List<Long> positions = Positions.audit(seed, deal.id().hash(), deal.terms().size().leafCount());
    return switch (replicas.openBoth(deal, positions)) {
      case Reading.Good<List<DualOpening>> good -> {
        PeriodProof proof = new PeriodProof(deal.id(), period, seed, good.value());
        yield Optional.of(
            new SignedPeriodProof(
                proof, operator.sign(Eip712.periodProof(ports.reader().terms().domain(), proof))));
      }
      case Reading.Damaged<List<DualOpening>> damaged -> {
        String what = period + " " + deal.id();
        if (!damagedTold.equals(what)) {
          damagedTold = what;
          log.damaged(deal.id(), "audit proof of period " + period, damaged.reason());
        }
        yield Optional.empty();
      }
    };
  }
}
