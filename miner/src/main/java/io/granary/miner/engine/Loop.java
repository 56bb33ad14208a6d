package io.granary.miner.engine;

import io.granary.miner.Deadline;
import io.granary.miner.OperatorLog;
import io.granary.miner.Telemetry;
import io.granary.miner.Tuning;
import io.granary.miner.ops.Health;
import io.granary.protocol.chain.ChainUnavailableException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Runs a step again and again on a thread of its own; failures are logged and waited out, longer
 * each time.
 */
final class Loop implements AutoCloseable {
  /** One round. */
  @FunctionalInterface
  interface Step {
    void run() throws InterruptedException;
  }

  private final String name;
  private final Tuning tuning;
  private final OperatorLog log;
  private final Health health;
  private final Step step;
  private final Consumer<Error> onError;
  private final CountDownLatch finishing = new CountDownLatch(1);
  private final Thread thread;
  private volatile boolean inRound;

  /**
   * Starts it.
   *
   * @param onError told of an error, after which this loop no longer runs: a node whose proving has
   *     ended must not look as if it were well
   */
  Loop(String name, Tuning tuning, Telemetry telemetry, Consumer<Error> onError, Step step) {
    this.onError = onError;
    this.name = name;
    this.tuning = tuning;
    this.log = telemetry.log();
    this.health = telemetry.health();
    this.step = step;
    health.began(name);
    this.thread = Thread.ofPlatform().name(name).start(this::run);
  }

  private void run() {
    Duration pause = tuning.pollInterval();
    boolean down = false;
    while (!Thread.currentThread().isInterrupted() && finishing.getCount() > 0) {
      try {
        inRound = true;
        step.run();
        health.good(name);
        if (down) {
          log.chainBack(name);
          down = false;
        }
        pause = tuning.pollInterval();
      } catch (InterruptedException e) {
        return;
      } catch (ChainUnavailableException e) {
        if (Thread.currentThread().isInterrupted()) {
          return;
        }
        pause = longer(pause);
        down = true;
        health.failed(name, "the chain does not answer: " + e.getMessage());
        log.chainUnavailable(name, String.valueOf(e.getMessage()), pause);
      } catch (RuntimeException e) {
        pause = longer(pause);
        health.failed(name, e.toString());
        log.stepFailed(name, e);
      } catch (Error e) {
        health.died(name, e.toString());
        log.loopDied(name, e);
        onError.accept(e);
        return;
      }
      inRound = false;
      try {
        if (finishing.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
          return;
        }
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private Duration longer(Duration pause) {
    Duration doubled = pause.multipliedBy(2);
    return doubled.compareTo(tuning.maxBackoff()) > 0 ? tuning.maxBackoff() : doubled;
  }

  /** Its name. */
  String name() {
    return name;
  }

  /** Begins no round any more. */
  void finish() {
    finishing.countDown();
  }

  /** Waits, after {@link #finish}, for the round that runs; false when it runs longer. */
  boolean awaitEnd(Deadline deadline) throws InterruptedException {
    return thread.join(deadline.left()) || !inRound;
  }

  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join(Duration.ofSeconds(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
