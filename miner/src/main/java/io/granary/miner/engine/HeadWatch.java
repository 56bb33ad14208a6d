package io.granary.miner.engine;

import io.granary.miner.OperatorLog;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/** Notices an endpoint that answers, but tells of no new block. */
final class HeadWatch {
  /**
   * Chains with public validators make a block each 12 s; so long without one is an endpoint that
   * has lost its peers, or a chain that stands.
   */
  static final Duration STANDS = Duration.ofMinutes(3);

  private final OperatorLog log;
  private final Clock clock;
  private long head = -1;
  private Instant since = Instant.EPOCH;
  private boolean told;

  HeadWatch(OperatorLog log, Clock clock) {
    this.log = log;
    this.clock = clock;
  }

  /** Takes what the endpoint says now; true when it is another block than before. */
  boolean isNew(long now) {
    if (now != head) {
      head = now;
      since = clock.instant();
      told = false;
      return true;
    }
    Duration standing = Duration.between(since, clock.instant());
    if (!told && standing.compareTo(STANDS) > 0) {
      told = true;
      log.headStands(head, standing);
    }
    return false;
  }
}
