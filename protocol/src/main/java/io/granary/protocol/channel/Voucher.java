package io.granary.protocol.channel;

import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;

/**
 * A client's promise to a miner (Protocol §7.3).
 *
 * @param client whose channel pays
 * @param miner who is paid
 * @param total what the client owes the miner for everything so far, what was redeemed included;
 *     below 2^96 units
 */
public record Voucher(Address client, Address miner, TokenAmount total) {
  /**
   * Checks that the total fits its type in the signed struct.
   *
   * @throws IllegalArgumentException when it does not
   */
  public Voucher {
    if (total.units().bitLength() > 96) {
      throw new IllegalArgumentException(
          "a voucher's total must be below 2^96 units, not " + total.units());
    }
  }
}
