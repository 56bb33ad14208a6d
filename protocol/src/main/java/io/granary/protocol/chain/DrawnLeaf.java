package io.granary.protocol.chain;

import io.granary.proofs.LeafIndex;
import io.granary.protocol.values.DealId;

/**
 * One leaf a miner must open in the sealed tree of one of its deals.
 *
 * @param dealId the deal
 * @param leaf the leaf
 */
public record DrawnLeaf(DealId dealId, LeafIndex leaf) {}
