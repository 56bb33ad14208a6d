package io.granary.protocol.deal;

import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;

/** Money of a deal, exactly as the contract counts it (Protocol §3.4). */
public final class Pricing {
  private static final BigInteger BPS = BigInteger.valueOf(10_000);

  private Pricing() {}

  /** Whole price of a piece at an ask. */
  public static TokenAmount price(TokenAmount perLeafPeriod, RawSize size, long periods) {
    return perLeafPeriod.times(size.leafCount()).times(periods);
  }

  /** What one missed period cuts from the collateral, at least 1 unit. */
  public static TokenAmount slashPerMiss(TokenAmount price, long periods, int penaltyBps) {
    BigInteger divisor = BPS.multiply(BigInteger.valueOf(periods));
    BigInteger slash =
        price
            .units()
            .multiply(BigInteger.valueOf(penaltyBps))
            .add(divisor)
            .subtract(BigInteger.ONE)
            .divide(divisor);
    return new TokenAmount(slash.max(BigInteger.ONE));
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
