package io.granary.miner.engine;

import io.granary.miner.MinerPorts;
import io.granary.miner.OperatorLog;
import io.granary.miner.Tuning;
import io.granary.miner.grpc.AuditorClient;
import io.granary.miner.storage.DealBook;
import io.granary.miner.storage.ProofStore;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.deal.Refusal;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Empties the outbox: pushes proofs to the auditors, each on its own pace when it does not answer.
 */
final class Pusher implements AutoCloseable {
  private static final int BATCH = 64;

  /** Entries of the outbox in one round, 100 bytes each in memory. */
  private static final int SCAN = 16_384;

  /** Scans of the outbox take at most one part in so many of the time. */
  private static final int SCAN_SHARE = 20;

  // What an auditor says that is behind the chain; the other deals' proofs go past these.
  private static final Set<String> EARLY = Set.of("UNKNOWN_DEAL", "NOT_IN_DEAL", "SEED_PENDING");

  private final MinerPorts ports;
  private final Tuning tuning;
  private final DealBook book;
  private final ProofStore proofs;
  private final AuditorClient client;
  private final OperatorLog log;
  private final Map<Address, Instant> notBefore = new ConcurrentHashMap<>();
  private final Map<DealId, Instant> postponed = new ConcurrentHashMap<>();
  private final Map<Address, Integer> batchSizes = new ConcurrentHashMap<>();
  private final Set<Address> busy = ConcurrentHashMap.newKeySet();
  private Instant nextScan = Instant.MIN;
  private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();

  Pusher(
      MinerPorts ports,
      Tuning tuning,
      DealBook book,
      ProofStore proofs,
      AuditorClient client,
      OperatorLog log) {
    this.ports = ports;
    this.tuning = tuning;
    this.book = book;
    this.proofs = proofs;
    this.client = client;
    this.log = log;
  }

  /** One round; an auditor that is slow or away holds up nobody but itself. */
  void run() {
    Instant now = Instant.now();
    if (proofs.outboxSize() == 0 || now.isBefore(nextScan)) {
      return;
    }
    Map<Address, List<ProofStore.Key>> byAuditor = new LinkedHashMap<>();
    // As of the scan's begin: one that ends meanwhile has answered some of what the scan still
    // sees.
    Set<Address> busyNow = Set.copyOf(busy);
    for (ProofStore.Key key : proofs.outbox(id -> isDue(id, busyNow, now), SCAN)) {
      book.find(key.deal())
          .ifPresent(
              d -> byAuditor.computeIfAbsent(d.terms().auditor(), a -> new ArrayList<>()).add(key));
    }
    byAuditor.forEach(this::start);
    // An outbox full of what nobody takes is not read all the time.
    nextScan = now.plus(Duration.between(now, Instant.now()).multipliedBy(SCAN_SHARE));
  }

  private boolean isDue(DealId id, Set<Address> busyNow, Instant now) {
    Instant again = postponed.get(id);
    if (again != null) {
      if (now.isBefore(again)) {
        return false;
      }
      postponed.remove(id);
    }
    Optional<Address> auditor = book.find(id).map(d -> d.terms().auditor());
    return auditor
        .filter(a -> !busyNow.contains(a) && !now.isBefore(notBefore.getOrDefault(a, Instant.MIN)))
        .isPresent();
  }

  private void start(Address auditor, List<ProofStore.Key> keys) {
    if (busy.add(auditor)) {
      workers.execute(
          () -> {
            try {
              push(auditor, keys);
            } catch (ChainUnavailableException e) {
              later(auditor, String.valueOf(e.getMessage()));
            } catch (RuntimeException e) {
              // A fault of ours, not of the auditor: told as one, and tried again all the same.
              if (!workers.isShutdown()) {
                log.stepFailed("miner-pushing", e);
              }
              later(auditor, String.valueOf(e.getMessage()));
            } finally {
              busy.remove(auditor);
            }
          });
    }
  }

  /** One batch after the other: a round of the loop for each would take a minute for thousands. */
  private void push(Address auditor, List<ProofStore.Key> keys) {
    Optional<PeerRecord> peer = ports.directory().auditor(auditor);
    if (peer.isEmpty()) {
      later(auditor, "it is not registered");
      return;
    }
    try (AuditorClient.Line line = client.open(peer.get())) {
      for (int at = 0; at < keys.size(); ) {
        int size = Math.min(batchSizes.getOrDefault(auditor, BATCH), keys.size() - at);
        List<SignedPeriodProof> batch =
            keys.subList(at, at + size).stream()
                .filter(key -> !postponed.containsKey(key.deal()))
                .map(key -> proofs.find(key.deal(), key.period()))
                .flatMap(Optional::stream)
                .toList();
        at += size;
        if (!batch.isEmpty()) {
          push(auditor, line, batch);
        }
      }
    } catch (AuditorClient.UnreachableException e) {
      later(auditor, String.valueOf(e.getMessage()));
    }
  }

  private void push(Address auditor, AuditorClient.Line line, List<SignedPeriodProof> batch)
      throws AuditorClient.UnreachableException {
    try {
      settle(auditor, batch, line.push(batch));
      batchSizes.put(auditor, Math.min(BATCH, 2 * batch.size()));
    } catch (AuditorClient.UnreachableException e) {
      if (e.wasTooSlow()) {
        // The same batch would be cut off again.
        batchSizes.put(auditor, Math.max(1, batch.size() / 2));
      }
      throw e;
    }
  }

  private void later(Address auditor, String reason) {
    if (!workers.isShutdown()) {
      notBefore.put(auditor, Instant.now().plus(tuning.maxBackoff()));
      log.auditorUnreachable(auditor, reason, tuning.maxBackoff());
    }
  }

  /** Cuts running pushes off; what was not answered stays in the outbox. */
  @Override
  public void close() {
    workers.shutdownNow();
    try {
      if (!workers.awaitTermination(10, TimeUnit.SECONDS)) {
        log.stepFailed("miner-pushing", new IllegalStateException("a push does not end"));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void settle(
      Address auditor, List<SignedPeriodProof> batch, List<Optional<Refusal>> outcomes) {
    List<SignedPeriodProof> answered = new ArrayList<>();
    int refused = 0;
    Instant again = Instant.now().plus(tuning.pollInterval().multipliedBy(10));
    for (int i = 0; i < batch.size(); i++) {
      Optional<Refusal> refusal = outcomes.get(i);
      // An auditor that is behind the chain learns of the deal in a moment.
      if (refusal.filter(r -> EARLY.contains(r.code())).isPresent()) {
        postponed.put(batch.get(i).proof().dealId(), again);
        continue;
      }
      answered.add(batch.get(i));
      if (refusal.isPresent()) {
        refused++;
        log.proofRefused(
            auditor, batch.get(i).proof().dealId(), batch.get(i).proof().period(), refusal.get());
      }
    }
    proofs.answered(answered);
    if (!answered.isEmpty()) {
      log.pushed(auditor, answered.size() - refused, refused);
    }
  }
}
