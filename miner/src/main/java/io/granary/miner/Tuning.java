package io.granary.miner;

import java.math.BigInteger;
import java.time.Duration;

/**
 * Intervals and thresholds that seldom need a change.
 *
 * @param pollInterval how often the chain's head is asked for
 * @param maxBackoff longest pause between tries while the chain or an auditor cannot be reached
 * @param settleEveryPeriods a deal is settled when so many closed periods are unsettled
 * @param keepProofPeriods period proofs are kept for so many periods
 * @param minFreeDiskBytes space left untouched on the disk, whatever the capacity says
 * @param lowGasWei below this much ether the operator is warned
 * @param slackWarnBlocks fewer blocks than this left to prove: the operator is warned
 * @param publishRoomBlocks a proposal must leave so many blocks to upload, seal and publish
 * @param maxPendingDeals proposals accepted and not yet published, at most
 * @param maxUploads uploads that run at a time, at most; each takes a few MiB of memory
 * @param maxIdleBlocks an accepted deal of which no byte came for so many blocks is given up
 */
public record Tuning(
    Duration pollInterval,
    Duration maxBackoff,
    int settleEveryPeriods,
    int keepProofPeriods,
    long minFreeDiskBytes,
    BigInteger lowGasWei,
    int slackWarnBlocks,
    int publishRoomBlocks,
    int maxPendingDeals,
    int maxUploads,
    int maxIdleBlocks) {

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException naming the first that cannot be used
   */
  public Tuning {
    if (pollInterval.toMillis() < 1 || maxBackoff.compareTo(pollInterval) < 0) {
      throw new IllegalArgumentException(
          "pollInterval must be at least 1 ms and maxBackoff no shorter, not "
              + pollInterval
              + " and "
              + maxBackoff);
    }
    if (settleEveryPeriods < 1 || keepProofPeriods < 1 || maxPendingDeals < 1) {
      throw new IllegalArgumentException(
          "settleEveryPeriods, keepProofPeriods and maxPendingDeals must be positive, not "
              + settleEveryPeriods
              + ", "
              + keepProofPeriods
              + " and "
              + maxPendingDeals);
    }
    if (maxUploads < 1 || maxIdleBlocks < 1) {
      throw new IllegalArgumentException(
          "maxUploads and maxIdleBlocks must be positive, not "
              + maxUploads
              + " and "
              + maxIdleBlocks);
    }
  }

  /** The same with another number of uploads at a time. */
  public Tuning withMaxUploads(int uploads) {
    return new Tuning(
        pollInterval,
        maxBackoff,
        settleEveryPeriods,
        keepProofPeriods,
        minFreeDiskBytes,
        lowGasWei,
        slackWarnBlocks,
        publishRoomBlocks,
        maxPendingDeals,
        uploads,
        maxIdleBlocks);
  }

  /** The same with another patience for uploads that do not begin. */
  public Tuning withMaxIdleBlocks(int blocks) {
    return new Tuning(
        pollInterval,
        maxBackoff,
        settleEveryPeriods,
        keepProofPeriods,
        minFreeDiskBytes,
        lowGasWei,
        slackWarnBlocks,
        publishRoomBlocks,
        maxPendingDeals,
        maxUploads,
        blocks);
  }

  /**
   * Polling twice a second, settling every 10 periods, proofs kept for 100, 256 MiB kept free, 0.05
   * ether, 32 uploads at a time, three hours of blocks until a client must have begun its own.
   */
  public static Tuning defaults() {
    return new Tuning(
        Duration.ofMillis(500),
        Duration.ofSeconds(30),
        10,
        100,
        256L << 20,
        BigInteger.TEN.pow(16).multiply(BigInteger.valueOf(5)),
        3,
        4,
        1_000,
        32,
        900);
  }
}
