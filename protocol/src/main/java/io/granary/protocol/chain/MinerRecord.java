package io.granary.protocol.chain;

import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;

/**
 * A registered miner.
 *
 * @param peer id, endpoint, TLS key
 * @param operator its hot key's address
 * @param stake tokens staked
 * @param accepting takes new deals now
 * @param exiting has announced to leave
 * @param pricePerLeafPeriod posted ask
 * @param liveDeals deals published or active
 */
public record MinerRecord(
    PeerRecord peer,
    Address operator,
    TokenAmount stake,
    boolean accepting,
    boolean exiting,
    TokenAmount pricePerLeafPeriod,
    long liveDeals) {}
