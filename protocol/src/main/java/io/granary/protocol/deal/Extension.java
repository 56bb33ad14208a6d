package io.granary.protocol.deal;

import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;

/**
 * A client's offer to go on with a deal on the same replica (Protocol §3.6).
 *
 * @param dealId the deal
 * @param oldEnd the end it has now
 * @param newEnd first period no longer covered
 * @param pricePerPeriod price of every period from the first that is not settled
 * @param collateral to which the miner fills up what is left of its own
 * @param executeBy last block in which it may be taken
 */
public record Extension(
    DealId dealId,
    Period oldEnd,
    Period newEnd,
    TokenAmount pricePerPeriod,
    TokenAmount collateral,
    BlockNumber executeBy) {
  /**
   * Checks that every amount fits its type in the signed struct.
   *
   * @throws IllegalArgumentException naming the first that does not
   */
  public Extension {
    requireAmount("pricePerPeriod", pricePerPeriod);
    requireAmount("collateral", collateral);
  }

  private static void requireAmount(String field, TokenAmount amount) {
    if (amount.units().bitLength() > 96) {
      throw new IllegalArgumentException(
          field + " must be below 2^96 units, not " + amount.units());
    }
  }
}
