package io.granary.protocol.chain;

import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.BlockRef;
import java.util.List;

/** Follows the market's events with a number of confirmations and across reorgs. */
public interface EventStream {
  /** Receives blocks in order, on one thread. */
  interface Listener {
    /** A block was added; {@code events} are the market's, possibly none. */
    void applied(BlockRef block, List<MarketEvent> events);

    /** The last applied block is no longer part of the chain; called newest first. */
    void reverted(BlockRef block);
  }

  /** Ends a subscription; returns after the last callback. */
  interface Subscription extends AutoCloseable {
    @Override
    void close();
  }

  /** Starts at a block (inclusive). */
  Subscription follow(BlockNumber from, Listener listener);
}
