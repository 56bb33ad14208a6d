package io.granary.contracts.tx;

import io.granary.protocol.chain.TxCost;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;
import org.web3j.protocol.core.methods.response.TransactionReceipt;
import org.web3j.utils.Numeric;

/** What transactions cost, as their receipts say. */
public final class Costs {
  private Costs() {}

  /**
   * Of one transaction.
   *
   * @param input its calldata in hex
   */
  public static TxCost of(TransactionReceipt receipt, long nonce, String input) {
    Address sender = Address.parse(receipt.getFrom());
    boolean nothing = receipt.getTo() != null && Address.parse(receipt.getTo()).equals(sender);
    BigInteger gas = receipt.getGasUsed();
    return new TxCost(
        sender,
        nonce,
        TxHash.parse(receipt.getTransactionHash()),
        nothing ? TxCost.NOTHING : Selectors.name(input),
        new BlockNumber(receipt.getBlockNumber().longValueExact()),
        gas.longValueExact(),
        Numeric.decodeQuantity(receipt.getEffectiveGasPrice()).multiply(gas),
        receipt.isStatusOK());
  }
}
