package io.granary.protocol.values;

/**
 * A proving period of one miner (Protocol §5.1).
 *
 * @param index 0 … 2^32-1
 */
public record Period(long index) implements Comparable<Period> {
  /**
   * Checks the range.
   *
   * @throws IllegalArgumentException outside uint32
   */
  public Period {
    if (index < 0 || index > 0xFFFF_FFFFL) {
      throw new IllegalArgumentException("a period lies between 0 and 2^32-1, not " + index);
    }
  }

  /** So many periods later. */
  public Period plus(long periods) {
    return new Period(Math.addExact(index, periods));
  }

  /** The period after this one. */
  public Period next() {
    return plus(1);
  }

  @Override
  public int compareTo(Period other) {
    return Long.compare(index, other.index);
  }

  @Override
  public String toString() {
    return Long.toString(index);
  }
}
