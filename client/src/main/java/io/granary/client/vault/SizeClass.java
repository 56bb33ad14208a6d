package io.granary.client.vault;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * Hides how long a file is. Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files
 * and Communication with PURBs", PETS 2019) rounds a length L up so that only its topmost bits tell
 * it apart: as many as floor(log2 L) has bits, after the first. From {@link #FLOOR_BYTES} on that
 * adds less than 1/16, less the longer the file: under 1/32 from 64 KiB.
 */
public final class SizeClass {
  /** All shorter files look alike. */
  public static final long FLOOR_BYTES = 256;

  private static final long MAX_BYTES = 1L << 62;
  private static final int CHUNK_BYTES = 1 << 16;

  private SizeClass() {}

  /**
   * How long a file is padded to.
   *
   * @param bytes its length, at most 2^62
   */
  public static long padded(long bytes) {
    if (bytes < 0 || bytes > MAX_BYTES) {
      throw new IllegalArgumentException(
          "a file has between 0 and " + MAX_BYTES + " bytes, not " + bytes);
    }
    return bytes <= FLOOR_BYTES ? FLOOR_BYTES : padme(bytes);
  }

  /** Padmé without a floor, from 2 bytes on. */
  static long padme(long bytes) {
    int exponent = Long.SIZE - 1 - Long.numberOfLeadingZeros(bytes);
    int mantissaBits = Integer.SIZE - Integer.numberOfLeadingZeros(exponent);
    long step = 1L << (exponent - mantissaBits);
    return (bytes + step - 1) & -step;
  }

  /** Writes the zeros that a file of so many bytes is padded with. */
  public static void pad(WritableByteChannel plain, long bytes) throws IOException {
    ByteBuffer zeros = ByteBuffer.allocate(CHUNK_BYTES);
    long left = padded(bytes) - bytes;
    while (left > 0) {
      left -= plain.write(zeros.clear().limit((int) Math.min(left, CHUNK_BYTES)));
    }
  }
}
