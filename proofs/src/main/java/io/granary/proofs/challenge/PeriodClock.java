package io.granary.proofs.challenge;

/**
 * A miner's proving periods in blocks (Protocol §5.1).
 *
 * @param periodBlocks P, length of a period
 * @param windowBlocks W, from the challenge block to the end of its period
 * @param shift blocks by which the miner's periods begin before multiples of P, 0 … P-1
 */
public record PeriodClock(long periodBlocks, long windowBlocks, long shift) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException when no contract could have such a clock
   */
  public PeriodClock {
    if (windowBlocks < 1 || periodBlocks < 2 * windowBlocks || shift < 0 || shift >= periodBlocks) {
      throw new IllegalArgumentException(
          "no period clock: P " + periodBlocks + ", W " + windowBlocks + ", shift " + shift);
    }
  }

  /** Period of a block. */
  public long periodAt(long block) {
    return (block + shift) / periodBlocks;
  }

  /** First block after a period. */
  public long periodEnd(long period) {
    return (period + 1) * periodBlocks - shift;
  }

  /** Block whose seed draws the period's challenges; the window begins with the block after it. */
  public long challengeBlock(long period) {
    return periodEnd(period) - windowBlocks;
  }

  /** First period whose challenge block lies after a block. */
  public long nextDuty(long block) {
    long period = periodAt(block);
    return challengeBlock(period) > block ? period : period + 1;
  }

  /** True while the period can be proved in that block. */
  public boolean inWindow(long period, long block) {
    return block > challengeBlock(period) && block < periodEnd(period);
  }
}
