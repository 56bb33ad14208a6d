package io.granary.proofs.challenge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** The clock against counting block by block (Protocol §5.1). */
class PeriodClockProperties {
  @Property
  void every_block_has_its_period_and_its_next_duty(
      @ForAll @IntRange(min = 2, max = 60) int length,
      @ForAll @IntRange(max = 1_000) int w,
      @ForAll @IntRange(max = 1_000) int s) {
    PeriodClock clock = new PeriodClock(length, 1 + w % (length / 2), s % length);
    long period = 0;
    long end = length - clock.shift();
    for (long block = 0; block < 5L * length; block++) {
      if (block == end) {
        period++;
        end += length;
      }
      assertEquals(period, clock.periodAt(block));
      assertEquals(end, clock.periodEnd(period));
      assertEquals(end - clock.windowBlocks(), clock.challengeBlock(period));
      long duty = 0;
      while (clock.challengeBlock(duty) <= block) {
        duty++;
      }
      assertEquals(duty, clock.nextDuty(block));
      assertEquals(
          block > end - clock.windowBlocks(), clock.inWindow(period, block), "block " + block);
    }
  }

  @Example
  void a_clock_no_market_has_is_refused_with_its_numbers() {
    for (long[] bad : new long[][] {{10, 0, 0}, {10, 6, 0}, {10, 5, 10}, {10, 5, -1}}) {
      String message =
          assertThrows(
                  IllegalArgumentException.class, () -> new PeriodClock(bad[0], bad[1], bad[2]))
              .getMessage();
      assertTrue(message.contains("W " + bad[1]) && message.contains("shift " + bad[2]), message);
    }
  }
}
