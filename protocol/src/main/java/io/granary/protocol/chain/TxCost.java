package io.granary.protocol.chain;

import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;

/**
 * What a mined transaction cost its sender, from its receipt; one that reverted costs, too.
 *
 * @param sender whose ether it was
 * @param nonce of the sender
 * @param hash of the transaction that was mined
 * @param operation the contract's function; {@link #NOTHING} for one that only took the nonce
 * @param block in which it was mined
 * @param gas gas used
 * @param fee ether paid for the gas, wei
 * @param succeeded false when it reverted
 */
public record TxCost(
    Address sender,
    long nonce,
    TxHash hash,
    String operation,
    BlockNumber block,
    long gas,
    BigInteger fee,
    boolean succeeded) {
  /** Operation of a transaction that was sent in the place of one that nobody wanted any more. */
  public static final String NOTHING = "nothing";
}
