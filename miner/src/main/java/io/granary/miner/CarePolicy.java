package io.granary.miner;

/**
 * How the node looks after its replicas.
 *
 * @param scrubBytesPerSecond replicas are read again and checked at this rate; 0: never
 * @param declareFaults true: a damaged replica that is likely to cost more than a declared fault is
 *     declared before the next challenge block (Protocol §5.8); false: only the operator does that
 */
public record CarePolicy(long scrubBytesPerSecond, boolean declareFaults) {
  /** One TiB is read in three days. */
  public static final long DEFAULT_SCRUB_BYTES_PER_SECOND = 4L << 20;

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException when the rate is negative
   */
  public CarePolicy {
    if (scrubBytesPerSecond < 0) {
      throw new IllegalArgumentException(
          "scrubBytesPerSecond must not be negative, not "
              + scrubBytesPerSecond
              + "; 0 means not to scrub");
    }
  }

  /** 4 MiB/s, and faults are declared. */
  public static CarePolicy defaults() {
    return new CarePolicy(DEFAULT_SCRUB_BYTES_PER_SECOND, true);
  }
}
