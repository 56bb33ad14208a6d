package io.granary.protocol.deal;

import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.time.Instant;

/**
 * What a miner asks for storage (Protocol §8.2).
 *
 * @param miner whose ask it is
 * @param pricePerLeafPeriod for one 32-byte leaf for one period
 * @param collateralPerLeaf what the miner locks for one leaf
 * @param minSize smallest piece, bytes
 * @param maxSize largest piece, bytes
 * @param minPeriods shortest deal
 * @param maxPeriods longest deal
 * @param expiresAt until when it holds, whole seconds
 */
public record Ask(
    Address miner,
    TokenAmount pricePerLeafPeriod,
    TokenAmount collateralPerLeaf,
    long minSize,
    long maxSize,
    long minPeriods,
    long maxPeriods,
    Instant expiresAt) {
  /**
   * Checks that every number fits its type in the signed struct.
   *
   * @throws IllegalArgumentException naming the first that does not
   */
  public Ask {
    requireAmount("pricePerLeafPeriod", pricePerLeafPeriod);
    requireAmount("collateralPerLeaf", collateralPerLeaf);
    requireRange("minSize", minSize, Long.MAX_VALUE);
    requireRange("maxSize", maxSize, Long.MAX_VALUE);
    requireRange("minPeriods", minPeriods, 0xFFFF_FFFFL);
    requireRange("maxPeriods", maxPeriods, 0xFFFF_FFFFL);
    if (expiresAt.getEpochSecond() < 0 || expiresAt.getNano() != 0) {
      throw new IllegalArgumentException(
          "expiresAt must be whole seconds from 1970 on, not " + expiresAt);
    }
  }

  private static void requireAmount(String field, TokenAmount amount) {
    if (amount.units().bitLength() > 96) {
      throw new IllegalArgumentException(
          field + " must be below 2^96 units, not " + amount.units());
    }
  }

  private static void requireRange(String field, long value, long max) {
    if (value < 0 || value > max) {
      throw new IllegalArgumentException(
          field + " lies between 0 and " + max + ", not " + Long.toUnsignedString(value));
    }
  }
}
