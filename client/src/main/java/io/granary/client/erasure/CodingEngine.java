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
    // A constructor reference would load the class, and so need the module, even if never called.
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
    // After so many the compiler has made its last version of the kernel.
    private static final int ROUNDS = 20_000;

    private final byte[] shard = new byte[BYTES];

    CodingEngine winner() {
      new Random(1).nextBytes(shard);
      boolean same = Arrays.equals(run(TABLE), run(VECTOR));
      return same && nanos(VECTOR) < nanos(TABLE) ? VECTOR : TABLE;
    }

    private byte[] run(CodingEngine engine) {
      Kernel kernel = engine.kernel();
      byte[] sum = new byte[BYTES];
      for (int round = 0; round < ROUNDS; round++) {
        kernel.addMultiple(round % GaloisField.SIZE, shard, sum, 0, BYTES);
      }
      return sum;
    }

    private long nanos(CodingEngine engine) {
      long begin = System.nanoTime();
      run(engine);
      return System.nanoTime() - begin;
    }
  }
}
