package io.granary.protocol.chain;

import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.util.List;

/** What the owner of an account sends; conventions as {@link MinerMarket}. */
public interface ClientMarket {
  /** Moves tokens from the wallet into the market (approves first, or by permit). */
  TxResult deposit(TokenAmount amount);

  /** Announces a withdrawal (Protocol §3.4). */
  TxResult requestWithdrawal(TokenAmount amount);

  /** Pays out what was announced, once the notice is over. */
  TxResult withdraw();

  /** Takes back a signed proposal that was not published. */
  TxResult cancel(DealProposal proposal);

  /**
   * Gives notice of an active deal: its end moves nearer, and what the notice does not cost comes
   * back at once (Protocol §3.7).
   */
  TxResult giveNotice(DealId deal);

  /** Settles closed periods of deals. */
  TxResult settle(List<DealId> deals);

  /** Ends a deal that has run its course. */
  TxResult complete(DealId deal);

  /** Ends a deal that was not activated in time. */
  TxResult expire(DealId deal);

  /** Ends a defaulted deal. */
  TxResult terminate(DealId deal);
}
