package io.granary.miner.engine;

import io.granary.miner.MinerPorts;
import io.granary.miner.OperatorLog;
import io.granary.miner.Tuning;
import io.granary.miner.grpc.AuditorClient;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.storage.DealBook;
import io.granary.miner.storage.ProofStore;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.deal.Refusal;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.values.Address;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Empties the outbox: pushes proofs to the auditors, each on its own pace when it does not answer.
 */
final class Pusher {
  private static final int BATCH = 64;

  private final MinerPorts ports;
  private final Tuning tuning;
  private final DealBook book;
  private final ProofStore proofs;
  private final AuditorClient client;
  private final OperatorLog log;
  private final Map<Address, Instant> notBefore = new HashMap<>();

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

  /** One round. */
  void run() {
    Map<Address, List<SignedPeriodProof>> byAuditor = new LinkedHashMap<>();
    for (SignedPeriodProof proof : proofs.outbox(16 * BATCH)) {
      Optional<StoredDeal> deal = book.find(proof.proof().dealId());
      deal.ifPresent(
          d -> byAuditor.computeIfAbsent(d.terms().auditor(), a -> new ArrayList<>()).add(proof));
    }
    byAuditor.forEach(this::push);
  }

  private void push(Address auditor, List<SignedPeriodProof> all) {
    if (Instant.now().isBefore(notBefore.getOrDefault(auditor, Instant.MIN))) {
      return;
    }
    Optional<PeerRecord> peer = ports.directory().auditor(auditor);
    if (peer.isEmpty()) {
      later(auditor, "it is not registered");
      return;
    }
    List<SignedPeriodProof> batch = all.subList(0, Math.min(BATCH, all.size()));
    try {
      settle(auditor, batch, client.push(peer.get(), batch));
    } catch (AuditorClient.UnreachableException e) {
      later(auditor, String.valueOf(e.getMessage()));
    }
  }

  private void later(Address auditor, String reason) {
    notBefore.put(auditor, Instant.now().plus(tuning.maxBackoff()));
    log.auditorUnreachable(auditor, reason, tuning.maxBackoff());
  }

  private void settle(
      Address auditor, List<SignedPeriodProof> batch, List<Optional<Refusal>> outcomes) {
    List<SignedPeriodProof> answered = new ArrayList<>();
    int refused = 0;
    boolean early = false;
    for (int i = 0; i < batch.size(); i++) {
      Optional<Refusal> refusal = outcomes.get(i);
      // An auditor that is behind the chain learns of the deal in a moment.
      if (refusal
          .filter(r -> r.code().equals("UNKNOWN_DEAL") || r.code().equals("NOT_IN_DEAL"))
          .isPresent()) {
        early = true;
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
    if (early) {
      notBefore.put(auditor, Instant.now().plus(tuning.pollInterval().multipliedBy(10)));
    }
  }
}
