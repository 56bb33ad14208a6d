package io.granary.miner.money;

import io.granary.miner.model.Footprint;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.util.function.Predicate;

/**
 * The lowest price at which a deal pays for what it costs, when every period is proved. All amounts
 * are of the whole deal and rounded up.
 *
 * @param pricePerLeafPeriod the price, token units for one leaf and period; 0 when nothing costs
 * @param gas transactions, at the rates given
 * @param disk the replica and its trees while the deal runs
 * @param capital the collateral while the deal runs and is held
 * @param collateral what is locked at that price
 */
public record BreakEven(
    TokenAmount pricePerLeafPeriod,
    TokenAmount gas,
    TokenAmount disk,
    TokenAmount capital,
    TokenAmount collateral) {
  /** Gas of publishing a deal, one of a batch (docs/gas.md). */
  public static final long PUBLISH_GAS = 95_000;

  /** Gas of activating a deal, one of a batch (docs/gas.md). */
  public static final long ACTIVATE_GAS = 140_000;

  /** Gas of settling a deal, one of a batch (docs/gas.md). */
  public static final long SETTLE_GAS = 21_000;

  /** Gas of the proof of a period, of all deals together (docs/gas.md). */
  public static final long PROVE_GAS = 158_000;

  private static final BigInteger TIB = BigInteger.TWO.pow(40);
  private static final long MONTH_SECONDS = 30L * 86_400;
  private static final long YEAR_SECONDS = 365L * 86_400;
  private static final int MAX_PRICE_BITS = 96;

  /**
   * What things cost.
   *
   * @param weiPerGas price of gas
   * @param weiPerToken what a token is worth
   * @param diskPerTibMonth of a TiB of disk for 30 days
   * @param capitalBps of the collateral for a year, in 1/10,000 of it
   * @param blockSeconds time of a block
   */
  public record Rates(
      BigInteger weiPerGas,
      BigInteger weiPerToken,
      TokenAmount diskPerTibMonth,
      int capitalBps,
      int blockSeconds) {
    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException naming the first that cannot be used
     */
    public Rates {
      if (weiPerGas.signum() < 0 || weiPerToken.signum() <= 0) {
        throw new IllegalArgumentException(
            "wei for gas are not negative and wei for a token positive, not "
                + weiPerGas
                + " and "
                + weiPerToken);
      }
      if (capitalBps < 0 || blockSeconds < 1) {
        throw new IllegalArgumentException(
            "the cost of collateral is not negative and a block takes at least a second, not "
                + capitalBps
                + " / 10000 and "
                + blockSeconds);
      }
    }
  }

  /**
   * A kind of deal.
   *
   * @param size of the piece
   * @param periods length
   * @param atATime so many deals share each proof
   * @param settleEvery periods between two settlements
   * @param collateralPerLeaf what the miner offers to lock
   */
  public record Kind(
      RawSize size, long periods, long atATime, int settleEvery, TokenAmount collateralPerLeaf) {
    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException naming the first that cannot be used
     */
    public Kind {
      if (periods < 1 || atATime < 1 || settleEvery < 1) {
        throw new IllegalArgumentException(
            "periods, deals at a time and periods between settlements are positive, not "
                + periods
                + ", "
                + atATime
                + " and "
                + settleEvery);
      }
    }

    /** Gas of the whole deal. */
    long gas() {
      return PUBLISH_GAS
          + ACTIVATE_GAS
          + SETTLE_GAS * Math.ceilDiv(periods, settleEvery)
          + Math.ceilDiv(PROVE_GAS * periods, atATime);
    }
  }

  /**
   * Works it out.
   *
   * @throws IllegalArgumentException when no price pays: a higher one asks for collateral that
   *     costs more than it brings
   */
  public static BreakEven of(Kind kind, Rates rates, MarketTerms terms) {
    long blocks = kind.periods() * terms.periodBlocks();
    TokenAmount gas =
        share(
            BigInteger.valueOf(kind.gas()).multiply(rates.weiPerGas()),
            BigInteger.TEN.pow(TokenAmount.DECIMALS),
            rates.weiPerToken());
    TokenAmount disk =
        share(
            rates
                .diskPerTibMonth()
                .units()
                .multiply(BigInteger.valueOf(Footprint.sealedBytes(kind.size()))),
            BigInteger.valueOf(blocks * rates.blockSeconds()),
            TIB.multiply(BigInteger.valueOf(MONTH_SECONDS)));
    long heldSeconds = (blocks + terms.collateralHold()) * rates.blockSeconds();
    Search search = new Search(kind, terms, gas.plus(disk), rates.capitalBps(), heldSeconds);
    TokenAmount offered = kind.collateralPerLeaf().times(kind.size().leafCount());
    // With what is offered alone: no lower price pays. A higher one may ask for more collateral.
    BigInteger least = search.smallest(BigInteger.ZERO, price -> search.pays(price, offered));
    BigInteger price = search.smallest(least, p -> search.pays(p, search.collateral(p)));
    TokenAmount collateral = search.collateral(price);
    return new BreakEven(new TokenAmount(price), gas, disk, search.capital(collateral), collateral);
  }

  private static TokenAmount share(BigInteger amount, BigInteger part, BigInteger of) {
    return new TokenAmount(amount.multiply(part).add(of).subtract(BigInteger.ONE).divide(of));
  }

  private record Search(
      Kind kind, MarketTerms terms, TokenAmount fixed, int capitalBps, long heldSeconds) {
    TokenAmount whole(BigInteger price) {
      return Pricing.price(new TokenAmount(price), kind.size(), kind.periods());
    }

    TokenAmount collateral(BigInteger price) {
      return Pricing.collateral(
          terms, kind.collateralPerLeaf(), whole(price), kind.size(), kind.periods());
    }

    TokenAmount capital(TokenAmount collateral) {
      return share(
          collateral.units().multiply(BigInteger.valueOf(capitalBps)),
          BigInteger.valueOf(heldSeconds),
          BigInteger.valueOf(10_000L * YEAR_SECONDS));
    }

    boolean pays(BigInteger price, TokenAmount collateral) {
      TokenAmount pay = whole(price);
      TokenAmount kept = pay.minus(Pricing.burnOf(pay, terms.priceBurnBps()));
      return !kept.isLessThan(fixed.plus(capital(collateral)));
    }

    /** The smallest price from one on for which it holds; it holds for all above that. */
    BigInteger smallest(BigInteger from, Predicate<BigInteger> holds) {
      if (holds.test(from)) {
        return from;
      }
      BigInteger low = from;
      BigInteger high = from.max(BigInteger.ONE);
      while (!holds.test(high)) {
        low = high;
        high = high.shiftLeft(1);
        if (whole(high).units().bitLength() > MAX_PRICE_BITS) {
          throw new IllegalArgumentException(
              "no price pays for a deal of "
                  + kind.size().bytes()
                  + " bytes and "
                  + kind.periods()
                  + " periods at these rates: what it costs passes the largest price there is, or"
                  + " the collateral that a higher price asks for costs more than it brings");
        }
      }
      while (high.subtract(low).compareTo(BigInteger.ONE) > 0) {
        BigInteger middle = low.add(high).shiftRight(1);
        if (holds.test(middle)) {
          high = middle;
        } else {
          low = middle;
        }
      }
      return high;
    }
  }
}
