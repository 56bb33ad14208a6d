package io.granary.miner;

import io.granary.protocol.values.TokenAmount;

/**
 * A lower price for larger or longer deals.
 *
 * @param fromBytes for pieces of at least so many bytes; 0: any
 * @param fromPeriods for deals of at least so many periods; 0: any
 * @param pricePerLeafPeriod for one 32-byte leaf for one period
 */
public record PriceTier(long fromBytes, long fromPeriods, TokenAmount pricePerLeafPeriod) {
  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException when it would be for every deal
   */
  public PriceTier {
    if (fromBytes < 0 || fromPeriods < 0 || fromBytes + fromPeriods == 0) {
      throw new IllegalArgumentException(
          "a tier is for larger or longer deals: fromBytes or fromPeriods must be positive, neither"
              + " negative, not "
              + fromBytes
              + " and "
              + fromPeriods);
    }
  }

  boolean covers(long bytes, long periods) {
    return bytes >= fromBytes && periods >= fromPeriods;
  }
}
