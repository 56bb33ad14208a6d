package io.granary.app.node;

import io.granary.contracts.GranaryChain;
import io.granary.miner.DrainReport;
import io.granary.miner.MinerNode;
import java.util.concurrent.CompletableFuture;

/**
 * A miner that was started from its folder.
 *
 * @param node the miner
 * @param chain its connection, closed after it
 */
public record RunningMiner(MinerNode node, GranaryChain chain) implements AutoCloseable {
  /** Ends when the operator had it drained by a command: it is to be closed then. */
  public CompletableFuture<DrainReport> whenDrained() {
    return node.whenDrained();
  }

  /** Drains the node and closes everything. */
  @Override
  public void close() {
    try {
      node.close();
    } finally {
      chain.close();
    }
  }
}
