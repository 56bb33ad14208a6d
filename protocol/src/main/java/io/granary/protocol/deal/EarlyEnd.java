package io.granary.protocol.deal;

import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;

/**
 * A client's wish to end an active deal before its end (Protocol §3.7).
 *
 * @param dealId the deal
 * @param immediate false: notice, which anyone may relay; true: consent to an end at once, which
 *     the miner sends
 * @param executeBy last block in which it may be taken
 */
public record EarlyEnd(DealId dealId, boolean immediate, BlockNumber executeBy) {}
