package io.granary.protocol.lifecycle;

import io.granary.proofs.challenge.PeriodClock;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.values.BlockNumber;

/**
 * What the planner knows of the chain.
 *
 * @param head newest block; what is planned can be mined in the one after it at the earliest
 * @param clock the miner's clock
 * @param decidedCurrent true when the period of the next block is proved or excused
 * @param hasWeight true while the proving set has entries
 * @param terms the market's parameters
 * @param settleEvery closed periods after which a deal is settled, at least 1
 */
public record ChainView(
    BlockNumber head,
    PeriodClock clock,
    boolean decidedCurrent,
    boolean hasWeight,
    MarketTerms terms,
    int settleEvery) {
  /**
   * Checks the settling rhythm.
   *
   * @throws IllegalArgumentException when it is below 1: the planner would settle without end
   */
  public ChainView {
    if (settleEvery < 1) {
      throw new IllegalArgumentException(
          "settleEvery is at least 1 period, not " + settleEvery + "; correct the configuration");
    }
  }

  /** Number of the next block. */
  public long next() {
    return head.value() + 1;
  }

  /** True when the set will be frozen in the next block (Protocol §5.4). */
  public boolean frozenNext() {
    return hasWeight && !decidedCurrent && next() >= clock.challengeBlock(clock.periodAt(next()));
  }

  /** First period that is neither over nor decided, seen from the next block. */
  public long closedBefore() {
    long period = clock.periodAt(next());
    return decidedCurrent ? period + 1 : period;
  }

  /**
   * True when no reorg can take that block back any more. Data is deleted only on such facts. The
   * depth is a window, which a market chooses far above reorg depth.
   */
  public boolean isBuried(long block) {
    return head.value() - terms.windowBlocks() > block;
  }
}
