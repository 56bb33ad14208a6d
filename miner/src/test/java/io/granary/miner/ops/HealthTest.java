package io.granary.miner.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

/** Live is not ready, and silence is neither. */
class HealthTest {
  private Instant now = Instant.parse("2030-01-01T00:00:00Z");
  private final Health health =
      new Health(
          new Clock() {
            @Override
            public ZoneOffset getZone() {
              return ZoneOffset.UTC;
            }

            @Override
            public Clock withZone(java.time.ZoneId zone) {
              return this;
            }

            @Override
            public Instant instant() {
              return now;
            }
          });

  @Test
  void aNodeWithoutLoopsIsLiveAndNotReady() {
    assertTrue(health.report().live());
    assertFalse(health.report().ready());
  }

  @Test
  void readyFromTheFirstGoodRoundOn() {
    health.began("a");
    assertFalse(health.report().ready());
    health.good("a");
    assertTrue(health.report().ready());
    assertEquals(now.toString(), health.report().loops().getFirst().lastGood());
  }

  @Test
  void oneLoopThatFailsMakesTheNodeNotReadyButLive() {
    health.good("a");
    health.good("b");
    health.failed("b", "no answer");
    assertTrue(health.report().live());
    assertFalse(health.report().ready());
    assertEquals("no answer", health.report().loops().get(1).reason());
    assertEquals(now.toString(), health.report().loops().get(1).lastGood());
  }

  @Test
  void aRoundThatNeverEndsIsNotLive() {
    health.good("a");
    now = now.plus(Health.SILENCE);
    assertTrue(health.report().live());
    now = now.plus(Duration.ofSeconds(1));
    assertFalse(health.report().live());
    assertFalse(health.report().ready());
  }

  @Test
  void aLoopThatDiedIsNotLive() {
    health.good("a");
    health.died("a", "out of memory");
    assertFalse(health.report().live());
  }
}
