package io.granary.auditor.storage;

import io.granary.proofs.Hash32;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.values.DealId;

/**
 * A published deal that names this auditor.
 *
 * @param id its id
 * @param terms its terms
 * @param sealedRoot root of its replica
 */
public record WatchedDeal(DealId id, DealProposal terms, Hash32 sealedRoot) {}
