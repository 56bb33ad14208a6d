package io.granary.contracts;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.function.BooleanSupplier;

/** Waits for what comes of itself. */
final class Await {
  /** Long enough for a busy machine; nothing waits so long when all is well. */
  static final Duration LIMIT = Duration.ofSeconds(20);

  private Await() {}

  static void until(String what, BooleanSupplier condition) {
    Instant limit = Instant.now().plus(LIMIT);
    while (!condition.getAsBoolean()) {
      assertTrue(Instant.now().isBefore(limit), what);
      Thread.onSpinWait();
    }
  }
}
