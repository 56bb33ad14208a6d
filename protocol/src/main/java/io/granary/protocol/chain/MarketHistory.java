package io.granary.protocol.chain;

import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TxHash;
import java.util.List;

/** The market's past, for replay. Every method throws {@link ChainUnavailableException}. */
public interface MarketHistory {
  /** Block of the market's deployment. */
  BlockNumber deployedAt();

  /** All events of [from, to], in order; fetched in bounded pages. */
  List<MarketEvent> events(BlockNumber from, BlockNumber to);

  /**
   * The proving calls a transaction made to the market itself; empty when it reached it through
   * another contract.
   */
  List<MarketCall> calls(TxHash tx);
}
