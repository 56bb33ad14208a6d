package io.granary.protocol.values;

import java.math.BigDecimal;
import java.math.BigInteger;

/**
 * An amount of the market's token, counted in its smallest units; never negative, below 2^256.
 *
 * @param units smallest units
 */
public record TokenAmount(BigInteger units) implements Comparable<TokenAmount> {
  /** Nothing. */
  public static final TokenAmount ZERO = new TokenAmount(BigInteger.ZERO);

  /** Decimals of the tokens this software prints; the ERC-20 convention. */
  public static final int DECIMALS = 18;

  /**
   * Checks the range.
   *
   * @throws IllegalArgumentException when negative or 2^256 and more
   */
  public TokenAmount {
    if (units.signum() < 0 || units.bitLength() > 256) {
      throw new IllegalArgumentException("a token amount lies between 0 and 2^256, not " + units);
    }
  }

  /** So many smallest units. */
  public static TokenAmount of(long units) {
    return new TokenAmount(BigInteger.valueOf(units));
  }

  // Far more than 2^256 needs; without it a text such as 1e999999999 would fill the heap.
  private static final int MAX_DIGITS = 200;

  /**
   * Parses whole tokens such as {@code 12.5}.
   *
   * @throws IllegalArgumentException naming the text when it is not an amount
   */
  public static TokenAmount parseTokens(String text) {
    try {
      if (text.length() > MAX_DIGITS) {
        throw new ArithmeticException("too long");
      }
      BigDecimal tokens = new BigDecimal(text);
      if (Math.abs((long) tokens.scale()) > MAX_DIGITS) {
        throw new ArithmeticException("too many digits");
      }
      return new TokenAmount(tokens.movePointRight(DECIMALS).toBigIntegerExact());
    } catch (ArithmeticException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "not a token amount: '" + text + "'; give a number such as 12.5 with at most 18 decimals",
          e);
    }
  }

  /** The sum. */
  public TokenAmount plus(TokenAmount other) {
    return new TokenAmount(units.add(other.units));
  }

  /**
   * The difference.
   *
   * @throws IllegalArgumentException when it would be negative
   */
  public TokenAmount minus(TokenAmount other) {
    return new TokenAmount(units.subtract(other.units));
  }

  /** The product. */
  public TokenAmount times(long factor) {
    return new TokenAmount(units.multiply(BigInteger.valueOf(factor)));
  }

  /** {@code ⌊this · numerator / denominator⌋}. */
  public TokenAmount share(long numerator, long denominator) {
    return new TokenAmount(
        units.multiply(BigInteger.valueOf(numerator)).divide(BigInteger.valueOf(denominator)));
  }

  /** True when this is less than {@code other}. */
  public boolean isLessThan(TokenAmount other) {
    return compareTo(other) < 0;
  }

  @Override
  public int compareTo(TokenAmount other) {
    return units.compareTo(other.units);
  }

  /** Whole tokens, for example {@code 12.5}. */
  public String toTokens() {
    return new BigDecimal(units, DECIMALS).stripTrailingZeros().toPlainString();
  }

  @Override
  public String toString() {
    return toTokens();
  }
}
