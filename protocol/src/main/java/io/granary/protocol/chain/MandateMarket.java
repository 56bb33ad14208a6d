package io.granary.protocol.chain;

import io.granary.protocol.deal.Mandate;
import io.granary.protocol.deal.SignedMandate;

/** Standing orders to renew (Protocol §3.8); conventions as {@link MinerMarket}. */
public interface MandateMarket {
  /** Renews a deal once, for the mandate's tip. Anyone. */
  TxResult executeMandate(SignedMandate mandate);

  /** Takes a mandate back for good. Its client. */
  TxResult revokeMandate(Mandate mandate);
}
