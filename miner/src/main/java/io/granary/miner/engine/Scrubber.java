package io.granary.miner.engine;

import io.granary.miner.CarePolicy;
import io.granary.miner.MinerConfig;
import io.granary.miner.MinerPorts;
import io.granary.miner.OperatorLog;
import io.granary.miner.Telemetry;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.replica.ReplicaReader;
import io.granary.miner.storage.DealBook;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.proofs.piece.Chunks;
import io.granary.proofs.seal.ReplicaCheck;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Reads replicas again at a steady rate and finds rot before a challenge does. A deal in which
 * something is damaged, by whomever it was found, is read to its end at once; when its damage is
 * likely to cost more than a declared fault, and nobody has mended it until just before the next
 * challenge block, it is declared.
 */
public final class Scrubber {
  /** Most chunks in one round, so that the loop stays responsive: 64 MiB. */
  private static final int BURST = 64;

  /** Most chunks of a suspect in one round: a round must end long before it looks hung. */
  private static final int ROUND = 1024;

  /** A fault is declared in the last twentieth of the time before a challenge block. */
  private static final int LAST = 20;

  private static final int LEAST_BLOCKS = 3;

  private final CarePolicy care;
  private final MinerPorts ports;
  private final Address miner;
  private final DealBook book;
  private final ReplicaReader replicas;
  private final Telemetry telemetry;
  private final OperatorLog log;
  private final Clock clock;
  private final Path file;
  private ScrubPosition position;
  private Instant last;
  private double allowance;
  private final Map<DealId, Set<Long>> damaged = new ConcurrentHashMap<>();
  // Deals that are read to their end as fast as the disk goes, and the next chunk of each.
  private final Map<DealId, Long> suspects = new ConcurrentHashMap<>();
  private final Set<DealId> keptTold = ConcurrentHashMap.newKeySet();
  private final Map<DealId, String> lastTold = new ConcurrentHashMap<>();

  Scrubber(
      MinerConfig config,
      MinerPorts ports,
      Address miner,
      DealBook book,
      ReplicaReader replicas,
      Telemetry telemetry,
      Clock clock) {
    this.care = config.care();
    this.ports = ports;
    this.miner = miner;
    this.book = book;
    this.replicas = replicas;
    this.telemetry = telemetry;
    this.log = telemetry.log();
    this.clock = clock;
    this.file = config.home().resolve("scrub.json");
    this.position = ScrubPosition.load(file);
    this.last = clock.instant();
  }

  /** Something of a deal did not open: all of it is read at the next round. */
  void suspect(DealId id) {
    if (!damaged.containsKey(id)) {
      suspects.putIfAbsent(id, 0L);
    }
  }

  /** One round. */
  void run() {
    List.copyOf(suspects.keySet()).forEach(this::readOn);
    damaged.keySet().removeIf(id -> book.find(id).filter(StoredDeal::hasReplica).isEmpty());
    lastTold.keySet().retainAll(damaged.keySet());
    scrub();
    if (care.declareFaults()) {
      declareInTime();
    }
    telemetry.metrics().damagedDeals(damaged.size());
  }

  // ---------------------------------------------------------------- reading

  private void scrub() {
    Instant now = clock.instant();
    allowance += Duration.between(last, now).toMillis() / 1000.0 * care.scrubBytesPerSecond();
    last = now;
    allowance = Math.min(allowance, (double) BURST * Chunks.RAW);
    ScrubPosition before = position;
    while (allowance >= Chunks.RAW && !Thread.currentThread().isInterrupted()) {
      Optional<StoredDeal> deal = at(position);
      if (deal.isEmpty()) {
        if (position.deal().isEmpty()) {
          break;
        }
        // The end of a pass; the next begins when the allowance says so.
        position = ScrubPosition.start();
        allowance = 0;
        break;
      }
      long chunk = deal.get().id().equals(position.deal().orElse(null)) ? position.chunk() : 0;
      if (read(deal.get(), chunk)) {
        tell(deal.get(), "scrubbing");
        suspects.put(deal.get().id(), 0L);
        chunk = ReplicaCheck.chunks(deal.get().terms().size());
      }
      allowance -= Chunks.RAW;
      position = new ScrubPosition(Optional.of(deal.get().id()), chunk + 1);
    }
    if (!position.equals(before)) {
      try {
        position.save(file);
      } catch (IOException e) {
        log.statusNotWritten(e);
      }
    }
  }

  /** The deal that a position is in, or the next one, in the order of ids. */
  private Optional<StoredDeal> at(ScrubPosition where) {
    return where.deal().map(book::from).orElseGet(book::all).stream()
        .filter(StoredDeal::hasReplica)
        .filter(
            d ->
                !d.id().equals(where.deal().orElse(null))
                    || where.chunk() < ReplicaCheck.chunks(d.terms().size()))
        .findFirst();
  }

  /** Reads a chunk; true when it is the first of its deal that is found damaged. */
  private boolean read(StoredDeal deal, long chunk) {
    boolean sound = replicas.isSound(deal, chunk);
    telemetry.metrics().scrubbed(Chunks.RAW);
    if (sound) {
      Set<Long> chunks = damaged.get(deal.id());
      if (chunks != null) {
        chunks.remove(chunk);
        if (chunks.isEmpty()) {
          damaged.remove(deal.id());
          keptTold.remove(deal.id());
          lastTold.remove(deal.id());
          log.mended(deal.id());
        }
      }
      return false;
    }
    if (book.find(deal.id()).filter(StoredDeal::hasReplica).isEmpty()) {
      return false; // its deal has ended meanwhile, and its files went
    }
    boolean first = !damaged.containsKey(deal.id());
    damaged.computeIfAbsent(deal.id(), id -> ConcurrentHashMap.newKeySet()).add(chunk);
    return first;
  }

  private void readOn(DealId id) {
    Optional<StoredDeal> deal = book.find(id).filter(StoredDeal::hasReplica);
    if (deal.isEmpty()) {
      suspects.remove(id);
      return;
    }
    long chunks = ReplicaCheck.chunks(deal.get().terms().size());
    long from = suspects.getOrDefault(id, 0L);
    long to = Math.min(chunks, from + ROUND);
    for (long chunk = from; chunk < to; chunk++) {
      if (Thread.currentThread().isInterrupted()) {
        return;
      }
      read(deal.get(), chunk);
    }
    if (to < chunks) {
      suspects.put(id, to);
      return;
    }
    suspects.remove(id);
    if (damaged.containsKey(id)) {
      tell(deal.get(), "reading all of it");
    }
  }

  /** Once, and again when more, or less, is found damaged. */
  private void tell(StoredDeal deal, String during) {
    String what = told(deal);
    if (!what.equals(lastTold.put(deal.id(), what))) {
      log.damaged(deal.id(), during, what);
    }
  }

  private String told(StoredDeal deal) {
    Set<Long> chunks = damaged.getOrDefault(deal.id(), Set.of());
    return chunks.size()
        + " of "
        + ReplicaCheck.chunks(deal.terms().size())
        + " MiB do not lead to its roots, the first at MiB "
        + new TreeSet<>(chunks).stream().findFirst().orElse(0L)
        + "; 'granary miner repair "
        + deal.id()
        + "' fetches them from another miner of the piece or from a file";
  }

  // ---------------------------------------------------------------- declaring

  private void declareInTime() {
    if (damaged.isEmpty()) {
      return;
    }
    long head = ports.chain().head().number().value();
    PeriodClock periods = ports.reader().clock(miner);
    long challenge = periods.challengeBlock(periods.nextDuty(head + 1));
    long close = Math.max(LEAST_BLOCKS, ports.reader().terms().periodBlocks() / LAST);
    if (challenge - head > close || ports.reader().isFrozen(miner)) {
      return;
    }
    for (DealId id : List.copyOf(damaged.keySet())) {
      book.find(id).ifPresent(this::lookAgain);
    }
    List<DealId> lost = new ArrayList<>();
    Map<StoredDeal, DealSnapshot> active = active();
    long allLeaves = active.keySet().stream().mapToLong(d -> d.terms().size().leafCount()).sum();
    active.forEach(
        (deal, snapshot) -> {
          Set<Long> chunks = damaged.get(deal.id());
          if (chunks == null) {
            return;
          }
          long leaves =
              Math.min(deal.terms().size().leafCount(), chunks.size() * (long) Chunks.LEAVES);
          FaultPolicy.Costs costs =
              FaultPolicy.costs(
                  snapshot, active.values(), leaves, allLeaves, ports.reader().terms());
          if (costs.worthDeclaring()) {
            lost.add(deal.id());
          } else if (keptTold.add(deal.id())) {
            log.damageKept(deal.id(), costs.drawn());
          }
        });
    if (lost.isEmpty()) {
      return;
    }
    switch (ports.market().declareFaults(lost)) {
      case TxResult.Confirmed tx -> log.sent("fault", lost.size(), tx);
      case TxResult.Refused refused -> log.refused("fault", refused);
    }
  }

  /** Somebody may have mended it meanwhile. */
  private void lookAgain(StoredDeal deal) {
    for (long chunk : List.copyOf(damaged.getOrDefault(deal.id(), Set.of()))) {
      read(deal, chunk);
    }
  }

  private Map<StoredDeal, DealSnapshot> active() {
    Map<StoredDeal, DealSnapshot> active = ChainDeals.active(book, ports.reader());
    active.values().removeIf(s -> s.state() != DealState.ACTIVE || s.removed());
    return active;
  }
}
