package io.granary.miner.money;

import io.granary.protocol.values.TokenAmount;

/**
 * Tokens that moved because of deals of a miner, since some block. {@code locked} is always {@code
 * returned + slashed + faultFees + forfeited} and what is locked still.
 *
 * @param earned pay that came to the miner's balance, the market's share taken off
 * @param marketShare part of the pay that the market burned
 * @param unpaid pay of missed, faulty and excused periods, which went back to the clients
 * @param slashed cut from the collateral for missed periods
 * @param faultFees cut from it for periods of declared faults
 * @param forfeited collateral lost with deals that were terminated or not activated in time
 * @param locked collateral put into deals
 * @param returned collateral that came back to the miner's balance
 */
public record Flow(
    TokenAmount earned,
    TokenAmount marketShare,
    TokenAmount unpaid,
    TokenAmount slashed,
    TokenAmount faultFees,
    TokenAmount forfeited,
    TokenAmount locked,
    TokenAmount returned) {
  /** Nothing moved. */
  public static final Flow NONE =
      new Flow(
          TokenAmount.ZERO,
          TokenAmount.ZERO,
          TokenAmount.ZERO,
          TokenAmount.ZERO,
          TokenAmount.ZERO,
          TokenAmount.ZERO,
          TokenAmount.ZERO,
          TokenAmount.ZERO);

  /** Both together. */
  public Flow plus(Flow o) {
    return new Flow(
        earned.plus(o.earned),
        marketShare.plus(o.marketShare),
        unpaid.plus(o.unpaid),
        slashed.plus(o.slashed),
        faultFees.plus(o.faultFees),
        forfeited.plus(o.forfeited),
        locked.plus(o.locked),
        returned.plus(o.returned));
  }

  /**
   * What came after an earlier count.
   *
   * @throws IllegalArgumentException when it is not an earlier one
   */
  public Flow since(Flow o) {
    return new Flow(
        earned.minus(o.earned),
        marketShare.minus(o.marketShare),
        unpaid.minus(o.unpaid),
        slashed.minus(o.slashed),
        faultFees.minus(o.faultFees),
        forfeited.minus(o.forfeited),
        locked.minus(o.locked),
        returned.minus(o.returned));
  }

  /** Everything cut from the collateral. */
  public TokenAmount lost() {
    return slashed.plus(faultFees).plus(forfeited);
  }
}
