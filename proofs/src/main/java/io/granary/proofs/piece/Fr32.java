package io.granary.proofs.piece;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * FR32 padding (Protocol §2): 127 bytes, read as a little-endian bit string, become four 254-bit
 * leaves of 32 bytes with two zero bits on top of each. Works on 64-bit words: leaf n begins 2n
 * bits before a word boundary.
 */
public final class Fr32 {
  /** Raw bytes of a group. */
  public static final int RAW = 127;

  /** Padded bytes of a group. */
  public static final int PADDED = 128;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** Clears the two top bits of a leaf's last word. */
  private static final long TOP = -1L >>> 2;

  private Fr32() {}

  /**
   * Pads whole groups.
   *
   * @param raw {@code groups·127} bytes from {@code rawOffset} on
   * @param padded room for {@code groups·128} bytes from {@code paddedOffset} on; not the same
   *     array
   * @throws IndexOutOfBoundsException when either is too short
   */
  public static void pad(byte[] raw, int rawOffset, byte[] padded, int paddedOffset, int groups) {
    check(raw, rawOffset, padded, paddedOffset, groups);
    for (int g = 0; g < groups; g++) {
      padGroup(raw, rawOffset + g * RAW, padded, paddedOffset + g * PADDED);
    }
  }

  private static void check(
      byte[] raw, int rawOffset, byte[] padded, int paddedOffset, int groups) {
    Objects.checkFromIndexSize(rawOffset, Math.multiplyExact(groups, RAW), raw.length);
    Objects.checkFromIndexSize(paddedOffset, Math.multiplyExact(groups, PADDED), padded.length);
  }

  private static void padGroup(byte[] raw, int in, byte[] padded, int out) {
    long carry = 0;
    for (int leaf = 0; leaf < 4; leaf++) {
      int shift = 2 * leaf;
      for (int word = 0; word < 4; word++) {
        int i = leaf * 4 + word;
        // The 16th word has only seven bytes: read the eight that end with them.
        long w =
            i < 15 ? (long) LONG.get(raw, in + 8 * i) : (long) LONG.get(raw, in + RAW - 8) >>> 8;
        long value = shift == 0 ? w : (carry >>> (64 - shift)) | (w << shift);
        LONG.set(padded, out + 8 * i, word == 3 ? value & TOP : value);
        carry = w;
      }
    }
  }

  /**
   * Undoes {@link #pad}; the two top bits of each leaf are ignored.
   *
   * @param padded {@code groups·128} bytes from {@code paddedOffset} on
   * @param raw room for {@code groups·127} bytes from {@code rawOffset} on; not the same array
   * @throws IndexOutOfBoundsException when either is too short
   */
  public static void unpad(byte[] padded, int paddedOffset, byte[] raw, int rawOffset, int groups) {
    check(raw, rawOffset, padded, paddedOffset, groups);
    for (int g = 0; g < groups; g++) {
      unpadGroup(padded, paddedOffset + g * PADDED, raw, rawOffset + g * RAW);
    }
  }

  private static void unpadGroup(byte[] padded, int in, byte[] raw, int out) {
    for (int i = 0; i < 15; i++) {
      // A leaf's first word gives its shift's worth of bits to the word before it.
      int shift = 2 * (i / 4);
      int nextShift = 2 * ((i + 1) / 4);
      long word = (long) LONG.get(padded, in + 8 * i);
      long low = (i % 4 == 3 ? word & TOP : word) >>> shift;
      long high = (long) LONG.get(padded, in + 8 * i + 8);
      LONG.set(raw, out + 8 * i, nextShift == 0 ? low : low | (high << (64 - nextShift)));
    }
    long last = (long) LONG.get(padded, in + 120) >>> 6;
    for (int b = 0; b < 7; b++) {
      raw[out + 120 + b] = (byte) (last >>> (8 * b));
    }
  }
}
