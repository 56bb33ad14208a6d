package io.granary.miner;

import java.time.Duration;

/** A time that several wait for, one after the other. */
public final class Deadline {
  private final long end;

  private Deadline(long end) {
    this.end = end;
  }

  /** From now on. */
  public static Deadline in(Duration most) {
    return new Deadline(System.nanoTime() + most.toNanos());
  }

  /** What is left of it, never less than nothing. */
  public Duration left() {
    return Duration.ofNanos(Math.max(0, end - System.nanoTime()));
  }

  /** True when nothing is left. */
  public boolean isOver() {
    return left().isZero();
  }
}
