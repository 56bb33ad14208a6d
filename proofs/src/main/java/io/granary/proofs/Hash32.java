package io.granary.proofs;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;

/** 32 bytes: a tree node, an id, a seed. */
public final class Hash32 implements Comparable<Hash32> {
  /** Length in bytes. */
  public static final int BYTES = 32;

  /** 32 zero bytes. */
  public static final Hash32 ZERO = new Hash32(new byte[BYTES]);

  private final byte[] bytes;

  private Hash32(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * From 32 bytes, which are copied.
   *
   * @throws IllegalArgumentException for any other length
   */
  public static Hash32 of(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException("a hash has 32 bytes, not " + bytes.length);
    }
    return new Hash32(bytes.clone());
  }

  /**
   * From 32 bytes of a larger array, which are copied.
   *
   * @throws IndexOutOfBoundsException when fewer than 32 follow
   */
  public static Hash32 at(byte[] bytes, int offset) {
    // copyOfRange alone would fill up with zeros.
    Objects.checkFromIndexSize(offset, BYTES, bytes.length);
    return new Hash32(Arrays.copyOfRange(bytes, offset, offset + BYTES));
  }

  /**
   * Parses 64 hex digits with or without {@code 0x}.
   *
   * @throws IllegalArgumentException naming the text when it is no hash
   */
  public static Hash32 fromHex(String text) {
    String hex = text.startsWith("0x") ? text.substring(2) : text;
    if (hex.length() == 2 * BYTES) {
      try {
        return new Hash32(HexFormat.of().parseHex(hex));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(wrong(text), e);
      }
    }
    throw new IllegalArgumentException(wrong(text));
  }

  private static String wrong(String text) {
    return "not a 32-byte hash: '" + text + "'; give 64 hexadecimal digits";
  }

  /** A copy of the bytes. */
  public byte[] bytes() {
    return bytes.clone();
  }

  /** Copies the bytes to {@code target} from {@code offset} on. */
  public void copyTo(byte[] target, int offset) {
    System.arraycopy(bytes, 0, target, offset, BYTES);
  }

  /** 64 lower-case hex digits. */
  public String toHex() {
    return HexFormat.of().formatHex(bytes);
  }

  @Override
  public int compareTo(Hash32 other) {
    return Arrays.compareUnsigned(bytes, other.bytes);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Hash32 that && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** 64 lower-case hex digits. */
  @Override
  public String toString() {
    return toHex();
  }
}
