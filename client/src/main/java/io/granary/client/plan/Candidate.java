package io.granary.client.plan;

import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.values.TokenAmount;

/**
 * A miner that could take a deal.
 *
 * @param miner who
 * @param price what the deal would cost at its posted ask
 * @param record how it kept its promises lately
 * @param excluded why it is not asked; empty when it is
 */
public record Candidate(MinerRecord miner, TokenAmount price, TrackRecord record, String excluded) {
  /** True when it is asked. */
  public boolean eligible() {
    return excluded.isEmpty();
  }
}
