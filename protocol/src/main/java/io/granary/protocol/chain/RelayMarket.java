package io.granary.protocol.chain;

import io.granary.protocol.crypto.Signature;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.Mandate;
import io.granary.protocol.deal.Order;
import io.granary.protocol.values.BlockNumber;

/**
 * What anyone sends for an account that has signed it (Protocol §3.10); conventions as {@link
 * MinerMarket}. The market pays a relayer nothing.
 */
public interface RelayMarket {
  /** Announces a withdrawal for an account. */
  TxResult requestWithdrawal(Order.WithdrawalRequest order, Signature signature);

  /** Pays out what an account has announced, to whom it says. */
  TxResult withdraw(Order.WithdrawalPayout order, Signature signature);

  /** Takes back a client's proposal that was not published. */
  TxResult cancel(DealProposal proposal, BlockNumber executeBy, Signature signature);

  /** Takes back a client's mandate, for good. */
  TxResult revoke(Mandate mandate, BlockNumber executeBy, Signature signature);
}
