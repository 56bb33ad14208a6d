package io.granary.protocol.chain;

import io.granary.proofs.LeafIndex;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import java.math.BigInteger;

/**
 * A demand that is not closed (Protocol §6.1).
 *
 * @param dealId the deal
 * @param byAuditor whose: the auditor's, else the client's
 * @param leaf the leaf to open
 * @param bond wei that wait for the answer
 * @param deadline last block for it
 */
public record OpenDemand(
    DealId dealId, boolean byAuditor, LeafIndex leaf, BigInteger bond, BlockNumber deadline) {}
