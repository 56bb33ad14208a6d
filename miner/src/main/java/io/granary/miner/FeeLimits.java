package io.granary.miner;

import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.util.Optional;

/**
 * What a transaction that hurries may cost. Fees rise as its last block comes near, never above
 * what a miss would cost.
 *
 * @param mostWei most for one transaction, wei
 * @param weiPerToken what a token is worth, wei; without, {@code mostWei} alone limits
 */
public record FeeLimits(BigInteger mostWei, Optional<BigInteger> weiPerToken) {
  private static final BigInteger UNITS = BigInteger.TEN.pow(TokenAmount.DECIMALS);

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException when one is not positive
   */
  public FeeLimits {
    if (mostWei.signum() <= 0) {
      throw new IllegalArgumentException(
          "maxFeeWei must be positive, not " + mostWei + "; 50000000000000000 is 0.05 ether");
    }
    if (weiPerToken.isPresent() && weiPerToken.get().signum() <= 0) {
      throw new IllegalArgumentException(
          "weiPerToken must be positive, not "
              + weiPerToken.get()
              + "; leave it out when the token has no price in ether");
    }
  }

  /** 0.05 ether, and no price of a token. */
  public static FeeLimits defaults() {
    return new FeeLimits(BigInteger.TEN.pow(16).multiply(BigInteger.valueOf(5)), Optional.empty());
  }

  /** Most that saving so many tokens may cost, wei; at least 1. */
  public BigInteger most(TokenAmount atStake) {
    return weiPerToken
        .map(price -> atStake.units().multiply(price).divide(UNITS).min(mostWei))
        .orElse(mostWei)
        .max(BigInteger.ONE);
  }
}
