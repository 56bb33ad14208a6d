package io.granary.client;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How much of a file may be lost. A file is cut into {@code data} shards, {@code parity} more are
 * computed, any {@code data} of them give it back, and each is stored with {@code copies} miners;
 * no miner gets two of them. One data shard without parity is the file as a whole.
 *
 * @param data 1 … 64
 * @param parity 0 or more; at most 128 with the data
 * @param copies of each shard, at least 1
 */
public record Redundancy(int data, int parity, int copies) {
  /** Any four of six: two miners may fail, for half as much again. */
  public static final Redundancy DEFAULT = shards(4, 2);

  private static final Pattern SHARDS = Pattern.compile("(\\d{1,3})\\+(\\d{1,3})");

  private static final int MOST_DATA = 64;
  private static final int MOST_SHARDS = 128;

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the one that is out of range
   */
  public Redundancy {
    if (data < 1 || data > MOST_DATA) {
      throw new IllegalArgumentException(
          "a file has 1 to " + MOST_DATA + " data shards, not " + data);
    }
    if (parity < 0 || data + parity > MOST_SHARDS) {
      throw new IllegalArgumentException(
          "a file has 0 to "
              + (MOST_SHARDS - data)
              + " parity shards beside "
              + data
              + " data shards, not "
              + parity);
    }
    if (data == 1 && parity > 0) {
      throw new IllegalArgumentException(
          "one data shard has no parity, which would be copies of it: ask for "
              + (1 + parity)
              + " replicas");
    }
    if (copies < 1) {
      throw new IllegalArgumentException("a file has at least 1 replica, not " + copies);
    }
  }

  /** The whole file, several times. */
  public static Redundancy replicas(int copies) {
    return new Redundancy(1, 0, copies);
  }

  /** Shards, each once. */
  public static Redundancy shards(int data, int parity) {
    return new Redundancy(data, parity, 1);
  }

  /**
   * Shards as a user writes them: {@code 4+2}.
   *
   * @throws IllegalArgumentException naming what is wrong with it
   */
  public static Redundancy parse(String text) {
    Matcher numbers = SHARDS.matcher(text);
    if (!numbers.matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is no number of shards: write data+parity, such as 4+2");
    }
    return shards(Integer.parseInt(numbers.group(1)), Integer.parseInt(numbers.group(2)));
  }

  /** How many pieces there are to store. */
  public int pieces() {
    return data + parity;
  }

  /** How many miners it takes. */
  public int miners() {
    return pieces() * copies;
  }

  /** As a user writes it: {@code 4+2}, or {@code 3 replicas}. */
  @Override
  public String toString() {
    return data == 1 ? copies + " replicas" : data + "+" + parity;
  }
}
