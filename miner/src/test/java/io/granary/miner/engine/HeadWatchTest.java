package io.granary.miner.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.OperatorLog;
import io.granary.miner.ops.MinerMetrics;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

/** A head that stands is told once, and again only when it has moved between. */
class HeadWatchTest {
  private static final class Hands extends Clock {
    private Instant now = Instant.EPOCH;

    void turn(long seconds) {
      now = now.plusSeconds(seconds);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  private final Hands clock = new Hands();
  private final OperatorLog log = new OperatorLog(clock, new MinerMetrics());
  private final HeadWatch watch = new HeadWatch(log, clock);

  @Test
  void aStandingHeadIsToldOnce() {
    assertTrue(watch.isNew(7));
    clock.turn(HeadWatch.STANDS.toSeconds());
    assertFalse(watch.isNew(7));
    assertEquals(0, log.troubles().size());
    clock.turn(1);
    assertFalse(watch.isNew(7));
    clock.turn(500);
    assertFalse(watch.isNew(7));
    assertEquals(1, log.troubles().size());
    assertEquals("head-stands", log.troubles().getFirst().event());
  }

  @Test
  void aHeadThatMovesEitherWayIsNew() {
    assertTrue(watch.isNew(7));
    clock.turn(HeadWatch.STANDS.toSeconds() - 1);
    assertTrue(watch.isNew(6));
    clock.turn(HeadWatch.STANDS.toSeconds() - 1);
    assertFalse(watch.isNew(6));
    assertEquals(0, log.troubles().size());
  }
}
