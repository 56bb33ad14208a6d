package io.granary.proofs.challenge;

import io.granary.proofs.Hash32;

/**
 * One deal's entry in a proving set (Protocol §5.2).
 *
 * @param dealId the deal
 * @param sealedRoot root of its replica
 * @param leafCount leaves of its trees
 * @param end first period in which it is no longer drawn
 */
public record SetEntry(Hash32 dealId, Hash32 sealedRoot, long leafCount, long end) {}
