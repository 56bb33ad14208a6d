package io.granary.miner.testing;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for conditions, never for time. */
public final class Await {
  // Generous: only a failing test ever waits so long.
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private Await() {}

  /** Waits until it holds. */
  public static void until(String what, BooleanSupplier condition) {
    if (!holdsWithin(LIMIT, condition)) {
      throw new AssertionError("waited in vain until " + what);
    }
  }

  /** The same with another limit. */
  public static void until(String what, BooleanSupplier condition, Duration limit) {
    if (!holdsWithin(limit, condition)) {
      throw new AssertionError("waited in vain until " + what);
    }
  }

  /** Whether it holds within a time. */
  static boolean holdsWithin(Duration time, BooleanSupplier condition) {
    Instant end = Instant.now().plus(time);
    while (!condition.getAsBoolean()) {
      if (Instant.now().isAfter(end)) {
        return false;
      }
      LockSupport.parkNanos(Duration.ofMillis(2).toNanos());
    }
    return true;
  }
}
