package io.granary.miner.money;

import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;

/**
 * Tokens and ether of one account in the market, apart from what its deals as a miner moved.
 *
 * @param balance unlocked tokens, as the contract has them
 * @param deposited tokens that came in
 * @param withdrawn tokens that left
 * @param tips earned by ending other people's and own deals, and by executing mandates
 * @param asClient what deals moved in which the account is the client: back less paid, units
 * @param bonds ether of demands that were answered, wei
 * @param ownBonds ether of demands that the account raised itself and got back, wei
 * @param etherWithdrawn ether that left, wei
 */
public record AccountMoney(
    TokenAmount balance,
    TokenAmount deposited,
    TokenAmount withdrawn,
    TokenAmount tips,
    BigInteger asClient,
    BigInteger bonds,
    BigInteger ownBonds,
    BigInteger etherWithdrawn) {
  /** An account that was never used. */
  public static final AccountMoney NONE =
      new AccountMoney(
          TokenAmount.ZERO,
          TokenAmount.ZERO,
          TokenAmount.ZERO,
          TokenAmount.ZERO,
          BigInteger.ZERO,
          BigInteger.ZERO,
          BigInteger.ZERO,
          BigInteger.ZERO);

  /** Ether that the market keeps for it, wei. */
  public BigInteger ether() {
    return bonds.add(ownBonds).subtract(etherWithdrawn);
  }
}
