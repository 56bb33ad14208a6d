package io.granary.client.erasure;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Systematic Reed–Solomon code over GF(2^8): parity shards are computed from k data shards, and any
 * k of all n give the others back. Its matrix is the Vandermonde matrix of n rows times the inverse
 * of its first k rows, as in Backblaze's JavaReedSolomon and klauspost's reedsolomon. With k = 1
 * every shard is a copy.
 *
 * <p>Safe for several threads.
 */
public final class ReedSolomon {
  /** Most data shards. */
  public static final int MAX_DATA = 64;

  /** Most shards, data and parity. */
  public static final int MAX_TOTAL = 128;

  /** Bytes of each shard that are coded before the next: they stay in the processor's cache. */
  private static final int BLOCK = 16 << 10;

  private final int data;
  private final int parity;
  private final Matrix matrix;
  private final Kernel kernel;
  private volatile Recovery last;

  /**
   * How the shards come from k of them.
   *
   * @param present which there are
   * @param sources the first k of them
   * @param matrix n rows, k columns
   */
  private record Recovery(boolean[] present, int[] sources, Matrix matrix) {}

  private ReedSolomon(int data, int parity, CodingEngine engine) {
    requireCounts(data, parity);
    this.data = data;
    this.parity = parity;
    this.kernel = engine.kernel();
    Matrix vandermonde = Matrix.vandermonde(data + parity, data);
    int[] top = IntStream.range(0, data).toArray();
    this.matrix = vandermonde.times(vandermonde.rows(top).inverse());
    this.last = new Recovery(allPresent(), top, matrix);
  }

  /**
   * The code with so many shards.
   *
   * @param data k, 1 … {@link #MAX_DATA}
   * @param parity n − k, from 0 on; k and it are at most {@link #MAX_TOTAL}
   * @throws IllegalArgumentException naming the numbers when they are out of range
   */
  public static ReedSolomon of(int data, int parity) {
    return of(data, parity, CodingEngine.TABLE);
  }

  static ReedSolomon of(int data, int parity, CodingEngine engine) {
    return new ReedSolomon(data, parity, engine);
  }

  static void requireCounts(int data, int parity) {
    if (data < 1 || data > MAX_DATA) {
      throw new IllegalArgumentException(
          "a file has 1 to " + MAX_DATA + " data shards, not " + data);
    }
    if (parity < 0 || parity > MAX_TOTAL - data) {
      throw new IllegalArgumentException(
          String.format(
              "%d data shards can have 0 to %d parity shards, not %d",
              data, MAX_TOTAL - data, parity));
    }
  }

  private boolean[] allPresent() {
    boolean[] present = new boolean[total()];
    Arrays.fill(present, true);
    return present;
  }

  /** k: the shards that hold the data, and how many are needed to have them. */
  public int data() {
    return data;
  }

  /** n − k: the shards that may be lost. */
  public int parity() {
    return parity;
  }

  /** n: all shards. */
  public int total() {
    return data + parity;
  }

  /**
   * Computes the parity shards.
   *
   * @param shards n arrays, first those of the data
   * @param length bytes of each that are coded
   * @throws IllegalArgumentException when there are not n, or one is shorter
   */
  public void encode(byte[][] shards, int length) {
    requireTotal(shards.length, "shards");
    code(matrix, shards, range(0, data), range(data, total()), length);
  }

  /**
   * Computes the data shards that are missing.
   *
   * @param shards n arrays; of those that are missing, parity may have any length
   * @param present n marks, of the shards that are there
   * @param length bytes of each that are coded
   * @throws IllegalArgumentException when fewer than k are there, there are not n, or one that is
   *     needed is shorter
   */
  public void reconstructData(byte[][] shards, boolean[] present, int length) {
    reconstruct(shards, present, length, data);
  }

  /**
   * Computes all shards that are missing.
   *
   * @param shards n arrays
   * @param present n marks, of the shards that are there
   * @param length bytes of each that are coded
   * @throws IllegalArgumentException when fewer than k are there, there are not n, or one that is
   *     needed is shorter
   */
  public void reconstruct(byte[][] shards, boolean[] present, int length) {
    reconstruct(shards, present, length, total());
  }

  /** Of the shards before {@code end}, those that are missing. */
  private void reconstruct(byte[][] shards, boolean[] present, int length, int end) {
    requireTotal(shards.length, "shards");
    requireTotal(present.length, "marks of shards that are there");
    Recovery recovery = recovery(present);
    int[] missing = IntStream.range(0, end).filter(i -> !present[i]).toArray();
    code(recovery.matrix(), shards, recovery.sources(), missing, length);
  }

  private void requireTotal(int count, String what) {
    if (count != total()) {
      throw new IllegalArgumentException(
          String.format("%d+%d shards are coded together, not %d %s", data, parity, count, what));
    }
  }

  /** Of the pattern that was asked for last, there is one already. */
  private Recovery recovery(boolean[] present) {
    Recovery recovery = last;
    if (!Arrays.equals(recovery.present(), present)) {
      recovery = recoveryOf(present.clone());
      last = recovery;
    }
    return recovery;
  }

  private Recovery recoveryOf(boolean[] present) {
    int[] there = IntStream.range(0, total()).filter(i -> present[i]).toArray();
    if (there.length < data) {
      throw new IllegalArgumentException(
          String.format(
              "%d of %d shards are there and any %d are needed", there.length, total(), data));
    }
    int[] sources = Arrays.copyOf(there, data);
    return new Recovery(present, sources, matrix.times(matrix.rows(sources).inverse()));
  }

  /** Targets are the sources times their rows of the matrix. */
  private void code(Matrix matrix, byte[][] shards, int[] sources, int[] targets, int length) {
    requireLength(shards, sources, length);
    requireLength(shards, targets, length);
    if (data == 1) {
      for (int target : targets) {
        System.arraycopy(shards[sources[0]], 0, shards[target], 0, length);
      }
      return;
    }
    int[][] rows = Arrays.stream(targets).mapToObj(matrix::row).toArray(int[][]::new);
    int to;
    for (int from = 0; from < length; from = to) {
      to = from + Math.min(BLOCK, length - from);
      for (int t = 0; t < targets.length; t++) {
        byte[] sum = shards[targets[t]];
        Arrays.fill(sum, from, to, (byte) 0);
        for (int s = 0; s < data; s++) {
          kernel.addMultiple(rows[t][s], shards[sources[s]], sum, from, to);
        }
      }
    }
  }

  private static void requireLength(byte[][] shards, int[] indices, int length) {
    for (int i : indices) {
      if (length < 0 || length > shards[i].length) {
        throw new IllegalArgumentException(
            String.format(
                "cannot code %d bytes: the array of shard %d has %d", length, i, shards[i].length));
      }
    }
  }

  private static int[] range(int from, int to) {
    return IntStream.range(from, to).toArray();
  }
}
