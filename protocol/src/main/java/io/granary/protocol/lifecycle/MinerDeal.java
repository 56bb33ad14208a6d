package io.granary.protocol.lifecycle;

import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.values.DealId;
import java.util.Optional;

/**
 * A deal as its miner sees it.
 *
 * @param id its id
 * @param stage what the miner has done for it
 * @param proposal its terms
 * @param onChain what the contract says; empty when it never saw the id
 */
public record MinerDeal(
    DealId id, DealStage stage, DealProposal proposal, Optional<DealSnapshot> onChain) {}
