package io.granary.client.plan;

/**
 * What the chain says of a miner's deals within the look-back.
 *
 * @param proved settled periods that were proved
 * @param missed settled periods that were missed; those of declared faults too; announced
 *     maintenance is neither
 * @param terminated deals it forfeited: replicas it lost
 */
public record TrackRecord(long proved, long missed, long terminated) {
  /** Nothing known, as of a miner that is new. */
  public static final TrackRecord NONE = new TrackRecord(0, 0, 0);

  /** Both together. */
  public TrackRecord plus(TrackRecord other) {
    return new TrackRecord(
        proved + other.proved, missed + other.missed, terminated + other.terminated);
  }

  /**
   * True of a miner that lost a replica, or missed more than it proved: asked last, at any price.
   */
  public boolean isBad() {
    return terminated > 0 || missed > proved;
  }

  /** Orders miners of equal price. */
  public long score() {
    return proved - missed;
  }
}
