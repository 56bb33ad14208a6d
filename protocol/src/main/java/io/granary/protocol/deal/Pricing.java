package io.granary.protocol.deal;

import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;

/** Money of a deal, exactly as the contract counts it (Protocol §3.4). */
public final class Pricing {
  private static final BigInteger BPS = BigInteger.valueOf(10_000);
  private static final BigInteger MAX_UINT96 =
      BigInteger.ONE.shiftLeft(96).subtract(BigInteger.ONE);

  private Pricing() {}

  /**
   * Whole price of a piece at an ask.
   *
   * @throws IllegalArgumentException when it passes 2^256
   */
  public static TokenAmount price(TokenAmount perLeafPeriod, RawSize size, long periods) {
    return perLeafPeriod.times(size.leafCount()).times(periods);
  }

  /**
   * What one missed period cuts from the collateral, 1 … 2^96-1 units.
   *
   * @throws IllegalArgumentException when the deal has no periods
   */
  public static TokenAmount slashPerMiss(TokenAmount price, long periods, int penaltyBps) {
    requirePeriods(periods);
    BigInteger divisor = BPS.multiply(BigInteger.valueOf(periods));
    BigInteger slash =
        price
            .units()
            .multiply(BigInteger.valueOf(penaltyBps))
            .add(divisor)
            .subtract(BigInteger.ONE)
            .divide(divisor);
    return new TokenAmount(slash.max(BigInteger.ONE).min(MAX_UINT96));
  }

  /** Fee of one period of a declared fault, before it is capped by the collateral left (§5.8). */
  public static TokenAmount faultFee(TokenAmount price, long periods, MarketTerms terms) {
    return slashPerMiss(price, periods, terms.faultFeeBps());
  }

  private static void requirePeriods(long periods) {
    if (periods < 1) {
      throw new IllegalArgumentException("a deal has at least 1 period, not " + periods);
    }
  }

  /**
   * What {@code count} settled periods of a deal are worth: the miner's pay, fee included, for
   * those it proved, the client's refund for those it missed. Rounded down as a whole, so that
   * rounding does not accumulate.
   *
   * @throws IllegalArgumentException unless 0 ≤ count ≤ periods
   */
  public static TokenAmount worth(TokenAmount price, long count, long periods) {
    requirePeriods(periods);
    if (count < 0 || count > periods) {
      throw new IllegalArgumentException(count + " periods of a deal of " + periods);
    }
    return price.share(count, periods);
  }

  /** The part of everything paid so far that is burned. */
  public static TokenAmount burnOf(TokenAmount paid, int priceBurnBps) {
    return paid.share(priceBurnBps, 10_000);
  }

  /** Least collateral the market takes for a deal. */
  public static TokenAmount leastCollateral(
      MarketTerms terms, TokenAmount price, RawSize size, long periods) {
    TokenAmount perLeaf = terms.minCollateralPerLeaf().times(size.leafCount());
    TokenAmount misses =
        slashPerMiss(price, periods, terms.missPenaltyBps()).times(terms.maxMissRun() + 1L);
    return perLeaf.isLessThan(misses) ? misses : perLeaf;
  }

  /** Collateral of a deal at an ask: what the miner offers, but at least what the market wants. */
  public static TokenAmount collateral(
      MarketTerms terms,
      TokenAmount offeredPerLeaf,
      TokenAmount price,
      RawSize size,
      long periods) {
    TokenAmount offered = offeredPerLeaf.times(size.leafCount());
    TokenAmount least = leastCollateral(terms, price, size, periods);
    return offered.isLessThan(least) ? least : offered;
  }
}
