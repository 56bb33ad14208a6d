package io.granary.protocol.values;

/**
 * A block's number.
 *
 * @param value 0 … 2^63-1
 */
public record BlockNumber(long value) implements Comparable<BlockNumber> {
  /**
   * Checks the range.
   *
   * @throws IllegalArgumentException when negative
   */
  public BlockNumber {
    if (value < 0) {
      throw new IllegalArgumentException("a block number is not negative: " + value);
    }
  }

  /** So many blocks later. */
  public BlockNumber plus(long blocks) {
    return new BlockNumber(Math.addExact(value, blocks));
  }

  /** So many blocks earlier, at least block 0. */
  public BlockNumber minus(long blocks) {
    return new BlockNumber(Math.max(0, Math.subtractExact(value, blocks)));
  }

  /** True when this block lies after {@code other}. */
  public boolean isAfter(BlockNumber other) {
    return value > other.value;
  }

  @Override
  public int compareTo(BlockNumber other) {
    return Long.compare(value, other.value);
  }

  @Override
  public String toString() {
    return Long.toString(value);
  }
}
