package io.granary.protocol.crypto;

import java.util.Arrays;
import java.util.HexFormat;

/** A 65-byte recoverable secp256k1 signature, r‖s‖v with low s and v 27 or 28. */
public final class Signature {
  /** Length in bytes. */
  public static final int BYTES = 65;

  private final byte[] bytes;

  private Signature(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * A signature from its bytes, which are copied. Whether it recovers to anyone is checked on use.
   *
   * @throws IllegalArgumentException for any other length
   */
  public static Signature of(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException("a signature has 65 bytes, not " + bytes.length);
    }
    return new Signature(bytes.clone());
  }

  /** A copy of the 65 bytes. */
  public byte[] bytes() {
    return bytes.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Signature that && Arrays.equals(bytes, that.bytes);
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
