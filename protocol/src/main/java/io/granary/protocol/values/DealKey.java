package io.granary.protocol.values;

import java.util.Arrays;
import java.util.HexFormat;

/**
 * The first 23 bytes of a deal's id, which is what an entry of a proving set has room for (Protocol
 * §5.2).
 */
public final class DealKey {
  /** Length in bytes. */
  public static final int BYTES = 23;

  private final byte[] bytes;

  private DealKey(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * From its bytes, which are copied.
   *
   * @throws IllegalArgumentException for any other length
   */
  public static DealKey of(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException("a deal key has 23 bytes, not " + bytes.length);
    }
    return new DealKey(bytes.clone());
  }

  /** The key of a deal. */
  public static DealKey of(DealId id) {
    return new DealKey(Arrays.copyOf(id.hash().bytes(), BYTES));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof DealKey that && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** Hex with {@code 0x}. */
  @Override
  public String toString() {
    return "0x" + HexFormat.of().formatHex(bytes);
  }
}
