package io.granary.miner.engine;

import io.granary.miner.MinerPorts;
import io.granary.miner.OperatorLog;
import io.granary.miner.Tuning;
import io.granary.miner.grpc.AuditorClient;
import io.granary.miner.storage.DealBook;
import io.granary.miner.storage.ProofStore;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.deal.Refusal;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
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
    Map<Address, List<SignedPeriodProof>> byAuditor = new LinkedHashMap<>();
    for (SignedPeriodProof proof : proofs.outbox(id -> isDue(id, now), 16 * BATCH)) {
      book.find(proof.proof().dealId())
          .ifPresent(
              d ->
                  byAuditor
                      .computeIfAbsent(d.terms().auditor(), a -> new ArrayList<>())
                      .add(proof));
    }
    byAuditor.forEach(this::start);
  }

  private boolean isDue(DealId id, Instant now) {
    Instant again = postponed.get(id);
    if (again != null) {
      if (now.isBefore(again)) {
        return false;
      }
      postponed.remove(id);
    }
    Optional<Address> auditor = book.find(id).map(d -> d.terms().auditor());
    return auditor
        .filter(a -> !busy.contains(a) && !now.isBefore(notBefore.getOrDefault(a, Instant.MIN)))
        .isPresent();
  }

  private void start(Address auditor, List<SignedPeriodProof> all) {
    if (busy.add(auditor)) {
      workers.execute(
          () -> {
            try {
              push(auditor, all);
            } catch (RuntimeException e) {
              later(auditor, String.valueOf(e.getMessage()));
            } finally {
              busy.remove(auditor);
            }
          });
    }
  }

  private void push(Address auditor, List<SignedPeriodProof> all) {
    Optional<PeerRecord> peer = ports.directory().auditor(auditor);
    if (peer.isEmpty()) {
      later(auditor, "it is not registered");
      return;
    }
    int size = Math.min(batchSizes.getOrDefault(auditor, BATCH), all.size());
    List<SignedPeriodProof> batch = all.subList(0, size);
    try {
      settle(auditor, batch, client.push(peer.get(), batch));
      batchSizes.put(auditor, Math.min(BATCH, 2 * size));
    } catch (AuditorClient.UnreachableException e) {
      if (e.wasTooSlow()) {
        // The same batch would be cut off again.
        batchSizes.put(auditor, Math.max(1, size / 2));
      }
      later(auditor, String.valueOf(e.getMessage()));
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
