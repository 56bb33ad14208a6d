package io.granary.miner;

import io.granary.proofs.piece.RawSize;
import io.granary.protocol.values.TokenAmount;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;

/**
 * What the operator asks for storage; each signed ask is cut from it (Protocol §8.2).
 *
 * @param pricePerLeafPeriod for one 32-byte leaf for one period, as the registry tells it: the most
 *     that is asked
 * @param collateralPerLeaf the most collateral locked for one leaf, unless the market's minimum is
 *     higher
 * @param minSize smallest piece, bytes
 * @param maxSize largest piece, bytes
 * @param minPeriods shortest deal
 * @param maxPeriods longest deal
 * @param validity how long a signed ask holds
 * @param tiers lower prices; of those that cover a deal the lowest counts
 */
public record AskPolicy(
    TokenAmount pricePerLeafPeriod,
    TokenAmount collateralPerLeaf,
    long minSize,
    long maxSize,
    long minPeriods,
    long maxPeriods,
    Duration validity,
    List<PriceTier> tiers) {

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
    tiers = List.copyOf(tiers);
    for (PriceTier tier : tiers) {
      if (!tier.pricePerLeafPeriod().isLessThan(pricePerLeafPeriod)) {
        throw new IllegalArgumentException(
            "the price of a tier must be below pricePerLeafPeriod, "
                + pricePerLeafPeriod.units()
                + ", which the registry tells and clients choose by; not "
                + tier.pricePerLeafPeriod().units());
      }
      if (tier.fromBytes() > maxSize || tier.fromPeriods() > maxPeriods) {
        throw new IllegalArgumentException(
            "a tier from "
                + tier.fromBytes()
                + " bytes and "
                + tier.fromPeriods()
                + " periods is above the largest piece, "
                + maxSize
                + ", or the longest deal, "
                + maxPeriods
                + ", that are taken");
      }
    }
  }

  /** One price for all. */
  public AskPolicy(
      TokenAmount pricePerLeafPeriod,
      TokenAmount collateralPerLeaf,
      long minSize,
      long maxSize,
      long minPeriods,
      long maxPeriods,
      Duration validity) {
    this(
        pricePerLeafPeriod,
        collateralPerLeaf,
        minSize,
        maxSize,
        minPeriods,
        maxPeriods,
        validity,
        List.of());
  }

  /**
   * What is asked for a deal: the same, or the lowest tier that covers it, which then holds for
   * deals from that tier on and for no others.
   *
   * @param bytes size of the piece, 0 when it is not known
   * @param periods length of the deal, 0 when it is not known
   */
  public AskPolicy of(long bytes, long periods) {
    return tiers.stream()
        .filter(tier -> tier.covers(bytes, periods))
        .min(Comparator.comparing(PriceTier::pricePerLeafPeriod))
        .map(this::only)
        .orElse(this);
  }

  private AskPolicy only(PriceTier tier) {
    return new AskPolicy(
        tier.pricePerLeafPeriod(),
        collateralPerLeaf,
        Math.max(minSize, tier.fromBytes()),
        maxSize,
        Math.max(minPeriods, tier.fromPeriods()),
        maxPeriods,
        validity);
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
