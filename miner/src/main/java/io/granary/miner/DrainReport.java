package io.granary.miner;

import java.util.List;

/**
 * What became of what ran when the node was told to stop.
 *
 * @param cut what had not ended at the deadline, in words, each with what becomes of it; empty when
 *     everything ended
 */
public record DrainReport(List<String> cut) {
  /** Makes the list its own. */
  public DrainReport {
    cut = List.copyOf(cut);
  }
}
