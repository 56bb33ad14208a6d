package io.granary.protocol.chain;

import io.granary.protocol.values.Address;
import io.granary.protocol.values.TxHash;
import java.util.Optional;

/** Transactions that were mined. Every method throws {@link ChainUnavailableException}. */
public interface TransactionHistory {
  /** How many transactions of an account were mined so far: the nonce of its next. */
  long sent(Address account);

  /** What a transaction cost; empty when the endpoint knows none of that hash that was mined. */
  Optional<TxCost> cost(TxHash tx);
}
