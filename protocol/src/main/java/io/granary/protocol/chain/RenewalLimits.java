package io.granary.protocol.chain;

import io.granary.protocol.values.TokenAmount;

/**
 * At what a miner renews deals by mandate (Protocol §3.8).
 *
 * @param pricePerLeafPeriod price of one leaf for one period; zero: it takes no mandates
 * @param maxCollateralPerLeaf most collateral of one leaf that a renewed deal may hold
 * @param maxPeriods most periods that one renewal adds
 */
public record RenewalLimits(
    TokenAmount pricePerLeafPeriod, TokenAmount maxCollateralPerLeaf, long maxPeriods) {
  /** No mandates. */
  public static final RenewalLimits NONE = new RenewalLimits(TokenAmount.ZERO, TokenAmount.ZERO, 0);

  /** True when the miner takes mandates. */
  public boolean open() {
    return !pricePerLeafPeriod.equals(TokenAmount.ZERO);
  }
}
