package io.granary.protocol.values;

import java.util.Arrays;
import java.util.HexFormat;

/** A 20-byte Ethereum address. */
public final class Address {
  /** Length in bytes. */
  public static final int BYTES = 20;

  /** The zero address, which owns nothing. */
  public static final Address ZERO = new Address(new byte[BYTES]);

  private final byte[] bytes;

  private Address(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * An address from its 20 bytes, which are copied.
   *
   * @throws IllegalArgumentException for any other length
   */
  public static Address of(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException("an address has 20 bytes, not " + bytes.length);
    }
    return new Address(bytes.clone());
  }

  /**
   * Parses 40 hex digits with or without {@code 0x}; letter case is not checked.
   *
   * @throws IllegalArgumentException naming the text when it is not an address
   */
  public static Address parse(String text) {
    String hex = text.startsWith("0x") || text.startsWith("0X") ? text.substring(2) : text;
    if (hex.length() != 2 * BYTES) {
      throw new IllegalArgumentException(
          "not an address: '" + text + "'; give 0x and 40 hexadecimal digits");
    }
    try {
      return new Address(HexFormat.of().parseHex(hex));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "not an address: '" + text + "'; give 0x and 40 hexadecimal digits", e);
    }
  }

  /** A copy of the 20 bytes. */
  public byte[] bytes() {
    return bytes.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Address that && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** Lower-case hex with {@code 0x}. */
  @Override
  public String toString() {
    return "0x" + HexFormat.of().formatHex(bytes);
  }
}
