package io.granary.miner.engine;

import io.granary.miner.MinerConfig;
import io.granary.miner.MinerPorts;
import io.granary.miner.OperatorLog;
import io.granary.miner.ProofFunds;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.replica.Disk;
import io.granary.miner.replica.Reading;
import io.granary.miner.replica.ReplicaReader;
import io.granary.miner.storage.DealBook;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.proofs.tree.Opening;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.PeriodStake;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Asks before each challenge block whether the period could be proved as things are: a sample of
 * leaves is read and checked, the operator's ether counted, the disk and the endpoint looked at. It
 * begins one window ahead, so that there is as much time to mend what fails as there is to prove,
 * and goes on until all is well or the challenge block is there. (The proof itself is rehearsed by
 * the gas estimate that goes before each transaction: a refused one is never sent.)
 */
final class Rehearsal {
  private static final BigInteger MANY = BigInteger.valueOf(1_000);

  /**
   * What was found before one challenge block.
   *
   * @param period that it draws
   * @param at when the look was taken
   * @param checks in words, each with its outcome
   */
  record Report(Period period, Instant at, List<Check> checks) {
    boolean passed() {
      return checks.stream().allMatch(Check::passed);
    }
  }

  /** One thing looked at. */
  record Check(String name, boolean passed, String found) {}

  private final MinerConfig config;
  private final MinerPorts ports;
  private final Address miner;
  private final Address operator;
  private final DealBook book;
  private final ReplicaReader replicas;
  private final Disk disk;
  private final OperatorLog log;
  private final Clock clock;
  private final RandomGenerator random;
  private final HeadWatch heads;
  private final Set<String> told = new HashSet<>();
  private volatile Optional<Report> newest = Optional.empty();
  private long head = -1;
  private long lookedAt = -1;

  Rehearsal(
      MinerConfig config,
      MinerPorts ports,
      Address miner,
      Address operator,
      DealBook book,
      ReplicaReader replicas,
      Disk disk,
      OperatorLog log,
      Clock clock,
      RandomGenerator random) {
    this.config = config;
    this.ports = ports;
    this.miner = miner;
    this.operator = operator;
    this.book = book;
    this.replicas = replicas;
    this.disk = disk;
    this.log = log;
    this.clock = clock;
    this.random = random;
    this.heads = new HeadWatch(log, clock);
  }

  /** What the last rehearsal found; empty when there was none since the start. */
  Optional<Report> newest() {
    return newest;
  }

  /** One round. */
  void run() {
    Instant asked = clock.instant();
    long now = ports.chain().head().number().value();
    Duration answered = Duration.between(asked, clock.instant());
    if (!heads.isNew(now)) {
      return;
    }
    head = now;
    PeriodClock periods = ports.reader().clock(miner);
    Period period = new Period(periods.nextDuty(head));
    long left = periods.challengeBlock(period.index()) - head;
    if (left > periods.windowBlocks() || isDone(period, left)) {
      return;
    }
    Map<StoredDeal, DealSnapshot> active = ChainDeals.active(book, ports.reader());
    active.values().removeIf(d -> !PeriodStake.covers(d, period));
    if (active.isEmpty() || ports.reader().isExcused(miner, period)) {
      return;
    }
    lookedAt = head;
    Report report =
        new Report(
            period,
            clock.instant(),
            List.of(
                readSample(List.copyOf(active.keySet())),
                countEther(),
                lookAtDisk(),
                new Check("endpoint", true, "answered in " + answered.toMillis() + " ms")));
    tell(report, left);
    newest = Optional.of(report);
  }

  /**
   * Passed already, or looked at only a moment ago: ten looks in the time that there is will do.
   */
  private boolean isDone(Period period, long left) {
    Optional<Report> last = newest.filter(r -> r.period().equals(period));
    return last.isPresent() && (last.get().passed() || head - lookedAt < Math.max(1, left / 10));
  }

  private void tell(Report report, long left) {
    boolean first = newest.filter(r -> r.period().equals(report.period())).isEmpty();
    if (first) {
      told.clear();
    }
    if (report.passed()) {
      log.rehearsed(report.period(), left, report.checks().stream().map(Check::found).toList());
      return;
    }
    for (Check check : report.checks()) {
      if (!check.passed() && told.add(check.name())) {
        log.rehearsalFailed(report.period(), check.name(), check.found(), left);
      }
    }
  }

  private Check readSample(List<StoredDeal> deals) {
    Instant began = clock.instant();
    long leaves = deals.stream().mapToLong(d -> d.terms().size().leafCount()).sum();
    int count = ports.reader().terms().challenges();
    Set<String> opened = new HashSet<>();
    for (int i = 0; i < count; i++) {
      long leaf = random.nextLong(leaves);
      StoredDeal deal = deals.getFirst();
      for (StoredDeal d : deals) {
        deal = d;
        if (leaf < d.terms().size().leafCount()) {
          break;
        }
        leaf -= d.terms().size().leafCount();
      }
      opened.add(deal.id().toString());
      if (replicas.openSealed(deal, leaf) instanceof Reading.Damaged<Opening> damaged) {
        return new Check(
            "replicas",
            false,
            "deal "
                + deal.id()
                + ", leaf "
                + damaged.leaf()
                + ": "
                + damaged.reason()
                + "; 'granary miner repair "
                + deal.id()
                + "' mends it");
      }
    }
    return new Check(
        "replicas",
        true,
        count
            + " leaves of "
            + opened.size()
            + (opened.size() == 1 ? " deal" : " deals")
            + " opened in "
            + Duration.between(began, clock.instant()).toMillis()
            + " ms");
  }

  private Check countEther() {
    BigInteger wei = ports.chain().wei(operator);
    BigInteger baseFee = ports.chain().baseFee();
    BigInteger proofs = ProofFunds.proofs(wei, baseFee);
    boolean enough = proofs.compareTo(BigInteger.valueOf(ProofFunds.WANTED)) >= 0;
    String found =
        ether(wei)
            + " ether of the operator pay "
            + (proofs.compareTo(MANY) > 0 ? "more than " + MANY : proofs)
            + " proofs at the newest block's fee";
    if (enough) {
      return new Check("gas", true, found);
    }
    return new Check(
        "gas",
        false,
        found
            + ", "
            + ProofFunds.WANTED
            + " should be there: send "
            + operator
            + " "
            + ether(
                ProofFunds.proofWei(baseFee)
                    .multiply(BigInteger.valueOf(ProofFunds.WANTED))
                    .subtract(wei))
            + " ether");
  }

  /** Ether has as many decimals as tokens. */
  private static String ether(BigInteger wei) {
    return new TokenAmount(wei).toTokens();
  }

  private Check lookAtDisk() {
    long wanted = config.tuning().minFreeDiskBytes();
    try {
      long free = disk.usableBytes(config.home());
      return new Check(
          "disk",
          free >= wanted,
          (free >> 20)
              + " MiB are free at "
              + config.home()
              + (free >= wanted ? "" : ", " + (wanted >> 20) + " should be"));
    } catch (IOException e) {
      return new Check("disk", false, config.home() + " cannot be looked at: " + e);
    }
  }
}
