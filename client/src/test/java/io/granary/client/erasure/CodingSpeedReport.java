package io.granary.client.erasure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/**
 * How fast each engine codes, in one thread, by its processor time, so that other work on the
 * machine counts little. Not part of the tests: {@code tools/bench-erasure.sh} runs it.
 */
class CodingSpeedReport {
  private static final int[][] CODES = {{4, 2}, {10, 4}, {1, 2}};
  private static final long ROUND_NANOS = 400_000_000;
  private static final int ROUNDS = 7;

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  /** Gigabytes of the file a second: the median of some rounds, after one that warms up. */
  private static double rate(int data, Runnable stripe) {
    double[] rates = new double[ROUNDS];
    for (int round = -1; round < ROUNDS; round++) {
      long begin = THREADS.getCurrentThreadCpuTime();
      long spent = 0;
      long stripes = 0;
      for (; spent < ROUND_NANOS; stripes++) {
        stripe.run();
        spent = THREADS.getCurrentThreadCpuTime() - begin;
      }
      if (round >= 0) {
        rates[round] = (double) stripes * data * Striping.UNIT / spent;
      }
    }
    Arrays.sort(rates);
    return rates[ROUNDS / 2];
  }

  private static String decoding(ReedSolomon code, byte[][] shards, int... missing) {
    if (missing.length > code.data()) {
      return "     –";
    }
    boolean[] present = Shards.presentBut(code.total(), missing);
    byte[][] damaged = Shards.damaged(shards, present, Striping.UNIT);
    double rate = rate(code.data(), () -> code.reconstructData(damaged, present, Striping.UNIT));
    assertArrayEquals(shards, damaged);
    return String.format(Locale.ROOT, "%6.2f", rate);
  }

  @Test
  void report() {
    long begin = THREADS.getCurrentThreadCpuTime();
    CodingEngine chosen = CodingEngine.forFile(CodingEngine.WORTH_WARMING);
    double seconds = (THREADS.getCurrentThreadCpuTime() - begin) / 1e9;
    System.out.printf(Locale.ROOT, "chosen for large files: %s, in %.2f s%n", chosen, seconds);
    System.out.println("GB of the file a second   encode   decode: 1 lost   2 lost");
    for (CodingEngine engine : CodingEngine.values()) {
      for (int[] counts : CODES) {
        ReedSolomon code = ReedSolomon.of(counts[0], counts[1], engine);
        byte[][] shards = Shards.coded(code, Striping.UNIT, 0, 1);
        double encode = rate(code.data(), () -> code.encode(shards, Striping.UNIT));
        System.out.printf(
            Locale.ROOT,
            "%-8s %2d+%d                %6.2f           %s   %s%n",
            engine,
            code.data(),
            code.parity(),
            encode,
            decoding(code, shards, 0),
            decoding(code, shards, 0, 1));
      }
    }
  }
}
