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
   * @param nonce of its sender
   * @param input its calldata
   */
  public static TxCost of(TransactionReceipt receipt, long nonce, byte[] input) {
    BigInteger gas = receipt.getGasUsed();
    return new TxCost(
        Address.parse(receipt.getFrom()),
        nonce,
        TxHash.parse(receipt.getTransactionHash()),
        isNothing(receipt) ? TxCost.NOTHING : Selectors.name(input),
        new BlockNumber(receipt.getBlockNumber().longValueExact()),
        gas.longValueExact(),
        Numeric.decodeQuantity(receipt.getEffectiveGasPrice()).multiply(gas),
        receipt.isStatusOK());
  }

  /** One that only took the nonce: it went to its sender. */
  static boolean isNothing(TransactionReceipt receipt) {
    return receipt.getTo() != null
        && Address.parse(receipt.getTo()).equals(Address.parse(receipt.getFrom()));
  }
}
