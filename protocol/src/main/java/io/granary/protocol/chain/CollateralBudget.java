package io.granary.protocol.chain;

import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TokenAmount;

/**
 * What a miner's owner lets its operator lock (Protocol §9).
 *
 * @param amount most in a window
 * @param blocks length of a window; 0: no limit
 * @param spent locked in the window that is open now
 * @param until first block after that window; 0 while none is open
 */
public record CollateralBudget(
    TokenAmount amount, long blocks, TokenAmount spent, BlockNumber until) {
  /** Whether there is no limit. */
  public boolean unlimited() {
    return blocks == 0;
  }
}
