package io.granary.miner.ops;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Whether the node's loops go round: <em>live</em> while each of them does anything at all,
 * <em>ready</em> while each of them does its work. Safe for several threads.
 */
public final class Health {
  /**
   * A round that takes longer has hung: the longest one waits for a transaction, which gives up
   * after minutes.
   */
  static final Duration SILENCE = Duration.ofMinutes(15);

  /**
   * How one loop is.
   *
   * @param name the loop
   * @param live whether it has come round lately
   * @param ready whether its last round was a good one
   * @param lastGood when that was, ISO-8601; empty when never
   * @param reason why it is not ready; empty when it is
   */
  public record LoopHealth(
      String name, boolean live, boolean ready, String lastGood, String reason) {}

  /**
   * The node.
   *
   * @param live false: a restart may help
   * @param ready false: it runs but cannot do its work now; new deals are better sent elsewhere
   * @param loops its loops
   */
  public record Report(boolean live, boolean ready, List<LoopHealth> loops) {}

  private record Beat(Instant last, @Nullable Instant good, String reason, boolean dead) {}

  private final Clock clock;
  private final Map<String, Beat> beats = new TreeMap<>();

  /** Without loops it is live and not ready. */
  public Health(Clock clock) {
    this.clock = clock;
  }

  /** A loop has begun; not ready before its first good round. */
  public synchronized void began(String loop) {
    beats.put(loop, new Beat(clock.instant(), null, "no round yet", false));
  }

  /** A round went well. */
  public synchronized void good(String loop) {
    beats.put(loop, new Beat(clock.instant(), clock.instant(), "", false));
  }

  /** A round failed; the loop goes on. */
  public synchronized void failed(String loop, String reason) {
    beats.put(loop, new Beat(clock.instant(), lastGood(loop), reason, false));
  }

  /** The loop has ended for good. */
  public synchronized void died(String loop, String reason) {
    beats.put(loop, new Beat(clock.instant(), lastGood(loop), reason, true));
  }

  private @Nullable Instant lastGood(String loop) {
    Beat before = beats.get(loop);
    return before == null ? null : before.good();
  }

  /** How the node is now. */
  public synchronized Report report() {
    List<LoopHealth> loops = new ArrayList<>();
    beats.forEach(
        (name, beat) -> {
          boolean silent = beat.last().plus(SILENCE).isBefore(clock.instant());
          String reason =
              silent ? "its round has taken " + SILENCE.toMinutes() + " minutes" : beat.reason();
          boolean live = !silent && !beat.dead();
          loops.add(
              new LoopHealth(
                  name,
                  live,
                  live && reason.isEmpty(),
                  beat.good() == null ? "" : beat.good().toString(),
                  reason));
        });
    return new Report(
        loops.stream().allMatch(LoopHealth::live),
        !loops.isEmpty() && loops.stream().allMatch(LoopHealth::ready),
        List.copyOf(loops));
  }
}
