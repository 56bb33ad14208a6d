package io.granary.protocol.deal;

import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;

/**
 * A client's standing order to go on with a deal (Protocol §3.8), which anyone executes.
 *
 * @param dealId the deal
 * @param periods that each renewal adds
 * @param times most renewals
 * @param maxPricePerPeriod most that a period may cost from a renewal on
 * @param collateral to which the miner fills up what is left of its own
 * @param budget most that all renewals together take out of the client's balance, tips included
 * @param tip to whoever executes it, at most the market's tip cap
 * @param expiresAt last block in which it may be executed
 */
public record Mandate(
    DealId dealId,
    long periods,
    long times,
    TokenAmount maxPricePerPeriod,
    TokenAmount collateral,
    TokenAmount budget,
    TokenAmount tip,
    BlockNumber expiresAt) {
  /**
   * Checks that every number fits its type in the signed struct.
   *
   * @throws IllegalArgumentException naming the first that does not
   */
  public Mandate {
    requireCount("periods", periods);
    requireCount("times", times);
    requireAmount("maxPricePerPeriod", maxPricePerPeriod);
    requireAmount("collateral", collateral);
    requireAmount("budget", budget);
    requireAmount("tip", tip);
  }

  private static void requireCount(String field, long count) {
    if (count < 0 || count > 0xFFFF_FFFFL) {
      throw new IllegalArgumentException(field + " lies between 0 and 2^32-1, not " + count);
    }
  }

  private static void requireAmount(String field, TokenAmount amount) {
    if (amount.units().bitLength() > 96) {
      throw new IllegalArgumentException(
          field + " must be below 2^96 units, not " + amount.units());
    }
  }
}
