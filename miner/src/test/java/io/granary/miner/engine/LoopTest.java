package io.granary.miner.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.OperatorLog;
import io.granary.miner.Telemetry;
import io.granary.miner.Tuning;
import io.granary.miner.ops.Health;
import io.granary.miner.ops.MinerMetrics;
import io.granary.miner.ops.Traces;
import io.granary.protocol.chain.ChainUnavailableException;
import java.math.BigInteger;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A loop outlives failures, and never dies in silence. */
class LoopTest {
  private static final Tuning QUICK =
      new Tuning(
          Duration.ofMillis(1), Duration.ofMillis(2), 1, 1, 0, BigInteger.ZERO, 1, 1, 1, 1, 1);

  private final OperatorLog log = new OperatorLog(Clock.systemUTC(), new MinerMetrics());
  private final Health health = new Health(Clock.systemUTC());
  private final Telemetry telemetry = new Telemetry(log, new MinerMetrics(), health, Traces.none());

  @Test
  void failuresAreWaitedOut() throws Exception {
    AtomicInteger rounds = new AtomicInteger();
    CountDownLatch fourth = new CountDownLatch(1);
    try (Loop loop =
        new Loop(
            "test",
            QUICK,
            telemetry,
            e -> {},
            () -> {
              switch (rounds.incrementAndGet()) {
                case 1 -> throw new IllegalStateException("a bug");
                case 2 -> throw new ChainUnavailableException("no answer", null);
                case 4 -> fourth.countDown();
                default -> {}
              }
            })) {
      assertTrue(fourth.await(30, TimeUnit.SECONDS));
    }
    assertTrue(log.troubles().stream().anyMatch(t -> t.event().equals("step-failed")));
  }

  @Test
  void anErrorIsToldAndEndsTheNode() throws Exception {
    CompletableFuture<Error> told = new CompletableFuture<>();
    OutOfMemoryError error = new OutOfMemoryError("Java heap space");
    try (Loop loop =
        new Loop(
            "miner-proving",
            QUICK,
            telemetry,
            told::complete,
            () -> {
              throw error;
            })) {
      assertEquals(error, told.get(30, TimeUnit.SECONDS));
    }
    assertTrue(log.troubles().stream().anyMatch(t -> t.event().equals("loop-died")));
  }
}
