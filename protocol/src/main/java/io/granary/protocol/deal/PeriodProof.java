package io.granary.protocol.deal;

import io.granary.proofs.Hash32;
import io.granary.proofs.opening.DualOpening;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.util.List;

/**
 * One deal's proof for one period (Protocol §6).
 *
 * @param dealId the deal
 * @param period the period
 * @param seed the period's seed
 * @param openings of the deal's audit positions, in order
 */
public record PeriodProof(DealId dealId, Period period, Hash32 seed, List<DualOpening> openings) {
  /** Copies the list. */
  public PeriodProof {
    openings = List.copyOf(openings);
  }
}
