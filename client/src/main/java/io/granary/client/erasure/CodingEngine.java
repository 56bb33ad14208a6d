package io.granary.client.erasure;

import java.util.Arrays;
import java.util.Random;

/**
 * What codes. Both give the same bytes; that of vectors is several times as fast, but takes about a
 * second to warm up, in which the other codes a gigabyte.
 */
enum CodingEngine {
  /** Plain Java, fast at once. */
  TABLE,

  /** Needs a JVM started with {@code --add-modules jdk.incubator.vector}. */
  VECTOR;

  /** Files of so many bytes pay for the warm-up. */
  static final long WORTH_WARMING = 4L << 30;

  private static final String MODULE = "jdk.incubator.vector";

  /** Measured once in a process, when first needed. */
  private static final class Fastest {
    static final CodingEngine ENGINE = measure();
  }

  Kernel kernel() {
    // Not a constructor reference in the constants: to resolve one loads the class, and so needs
    // the
    // module.
    return switch (this) {
      case TABLE -> new TableKernel();
      case VECTOR -> new ShuffleKernel();
    };
  }

  /** That for a file of so many bytes. The first large one of a process waits for the warm-up. */
  static CodingEngine forFile(long bytes) {
    return bytes < WORTH_WARMING ? TABLE : Fastest.ENGINE;
  }

  private static CodingEngine measure() {
    return ModuleLayer.boot().findModule(MODULE).isEmpty() ? TABLE : new Trial().winner();
  }

  /** Lets both do the same work. A compiler that gets vectors wrong must not cost a file. */
  private static final class Trial {
    private static final int BYTES = 1 << 10;
    // The compiler has made its last version of the kernel by then.
    private static final int WARM_ROUNDS = 20_000;
    private static final int TIMED_ROUNDS = 20_000;

    private final byte[] shard = new byte[BYTES];

    CodingEngine winner() {
      new Random(1).nextBytes(shard);
      boolean same = Arrays.equals(run(TABLE, WARM_ROUNDS), run(VECTOR, WARM_ROUNDS));
      return same && nanos(VECTOR) < nanos(TABLE) ? VECTOR : TABLE;
    }

    private byte[] run(CodingEngine engine, int rounds) {
      Kernel kernel = engine.kernel();
      byte[] sum = new byte[BYTES];
      for (int round = 0; round < rounds; round++) {
        kernel.addMultiple(round % GaloisField.SIZE, shard, sum, 0, BYTES);
      }
      return sum;
    }

    private long nanos(CodingEngine engine) {
      long begin = System.nanoTime();
      run(engine, TIMED_ROUNDS);
      return System.nanoTime() - begin;
    }
  }
}
