package io.granary.miner;

import io.granary.proofs.piece.RawSize;
import io.granary.protocol.values.TokenAmount;
import java.time.Duration;

/**
 * What the operator asks for storage; each signed ask is cut from it (Protocol §8.2).
 *
 * @param pricePerLeafPeriod for one 32-byte leaf for one period
 * @param collateralPerLeaf the most collateral locked for one leaf, unless the market's minimum is
 *     higher
 * @param minSize smallest piece, bytes
 * @param maxSize largest piece, bytes
 * @param minPeriods shortest deal
 * @param maxPeriods longest deal
 * @param validity how long a signed ask holds
 */
public record AskPolicy(
    TokenAmount pricePerLeafPeriod,
    TokenAmount collateralPerLeaf,
    long minSize,
    long maxSize,
    long minPeriods,
    long maxPeriods,
    Duration validity) {

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException naming the first that cannot be used, and what would do
   */
  public AskPolicy {
    if (minSize < 1 || maxSize < minSize || maxSize > RawSize.MAX) {
      throw new IllegalArgumentException(
          "sizes must satisfy 1 <= min <= max <= 2^38, not " + minSize + " and " + maxSize);
    }
    if (minPeriods < 1 || maxPeriods < minPeriods || maxPeriods > 0xFFFF_FFFFL) {
      throw new IllegalArgumentException(
          "periods must satisfy 1 <= min <= max < 2^32, not " + minPeriods + " and " + maxPeriods);
    }
    if (validity.toSeconds() < 1) {
      throw new IllegalArgumentException(
          "an ask must hold for at least one second, not " + validity);
    }
  }

  /**
   * A thousand units of price and of collateral for a leaf, any piece up to 32 GiB, 1 to 10,000
   * periods, ten minutes.
   */
  public static AskPolicy defaults() {
    return new AskPolicy(
        TokenAmount.of(1_000),
        TokenAmount.of(1_000),
        1,
        32L << 30,
        1,
        10_000,
        Duration.ofMinutes(10));
  }
}
