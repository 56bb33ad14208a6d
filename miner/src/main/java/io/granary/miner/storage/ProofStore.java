package io.granary.miner.storage;

import io.granary.proofs.Hash32;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Signed period proofs, and the outbox of those that an auditor has not answered yet (Protocol §6).
 * Every method throws {@link StorageException} when the store fails.
 */
public interface ProofStore {
  /**
   * Keeps proofs, in place of older ones of the same deal and period; all or none, durable when it
   * returns.
   *
   * @param push true: they also go into the outbox
   */
  void put(List<SignedPeriodProof> proofs, boolean push);

  /** The proof of a deal for a period, if it is still kept. */
  Optional<SignedPeriodProof> find(DealId id, Period period);

  /** Seeds of the proofs that are kept for a period, by deal: less to read than the proofs. */
  Map<DealId, Hash32> seeds(Period period);

  /** Which proof: there is one of a deal and a period. */
  record Key(DealId deal, Period period) {}

  /** Proofs of the wanted deals that no auditor has answered yet, oldest period first. */
  List<Key> outbox(Predicate<DealId> wanted, int limit);

  /** Number of proofs in the outbox; it is kept, not counted. */
  long outboxSize();

  /** Takes proofs out of the outbox, but not newer ones that replaced them; they stay kept. */
  void answered(List<SignedPeriodProof> proofs);

  /**
   * Drops proofs of periods before {@code period}, answered or not; returns how many unanswered
   * ones went.
   */
  long dropBefore(Period period);
}
