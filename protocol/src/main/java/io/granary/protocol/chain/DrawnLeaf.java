package io.granary.protocol.chain;

import io.granary.proofs.LeafIndex;
import io.granary.protocol.values.DealKey;

/**
 * One leaf a miner must open in the sealed tree of one of its deals.
 *
 * @param deal key of the deal
 * @param leaf the leaf
 */
public record DrawnLeaf(DealKey deal, LeafIndex leaf) {}
