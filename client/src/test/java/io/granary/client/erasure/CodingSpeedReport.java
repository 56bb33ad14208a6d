package io.granary.client.erasure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/**
 * How fast each engine codes, in one thread. Not part of the tests: {@code tools/bench-erasure.sh}
 * runs it.
 */
class CodingSpeedReport {
  private static final int[][] CODES = {{4, 2}, {10, 4}, {1, 2}};
  private static final double ROUND_SECONDS = 0.4;
  private static final int ROUNDS = 7;

  /** Gigabytes of the file a second: the median of some rounds, after one that warms up. */
  private static double rate(int data, Runnable stripe) {
    double[] rates = new double[ROUNDS];
    for (int round = -1; round < ROUNDS; round++) {
      long begin = System.nanoTime();
      double seconds = 0;
      long stripes = 0;
      for (; seconds < ROUND_SECONDS; stripes++) {
        stripe.run();
        seconds = (System.nanoTime() - begin) / 1e9;
      }
      if (round >= 0) {
        rates[round] = stripes * data * (double) Striping.UNIT / seconds / 1e9;
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
    long begin = System.nanoTime();
    CodingEngine chosen = CodingEngine.forFile(CodingEngine.WORTH_WARMING);
    System.out.printf(
        Locale.ROOT, "choosing took %.2f s: %s%n", (System.nanoTime() - begin) / 1e9, chosen);
  }
}
