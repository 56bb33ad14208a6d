package io.granary.protocol.values;

import io.granary.proofs.Hash32;

/**
 * One block of one branch of the chain.
 *
 * @param number its number
 * @param hash its hash
 */
public record BlockRef(BlockNumber number, Hash32 hash) {}
