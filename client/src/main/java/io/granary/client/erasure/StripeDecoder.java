package io.granary.client.erasure;

import java.nio.ByteBuffer;

/** Gives a file's stripes back from the units of any k shards. Safe for several threads. */
public final class StripeDecoder {
  private final Striping striping;
  private final ReedSolomon code;

  /** Of the file that {@code striping} describes. */
  public StripeDecoder(Striping striping) {
    this.striping = striping;
    this.code = striping.code();
  }

  /**
   * Puts the file's bytes of one stripe, without the zeros that fill it up.
   *
   * @param units n arrays, each with {@link Striping#unit} bytes of the stripe where it is present;
   *     those of data shards that are missing are computed in place, those of parity shards are
   *     left alone and may be empty
   * @param present n marks, of the shards whose units are there
   * @param out has room for {@link Striping#stripeBytes} bytes
   * @throws IllegalArgumentException when fewer than k are there, an array is too short, or {@code
   *     out} is; nothing is put then
   */
  public void decode(long stripe, byte[][] units, boolean[] present, ByteBuffer out) {
    int bytes = striping.stripeBytes(stripe);
    if (out.remaining() < bytes) {
      throw new IllegalArgumentException(
          String.format(
              "stripe %d has %d bytes and there is room for %d", stripe, bytes, out.remaining()));
    }
    int unit = striping.unit(stripe);
    code.reconstructData(units, present, unit);
    for (int put = 0; put < bytes; put += unit) {
      out.put(units[put / unit], 0, Math.min(unit, bytes - put));
    }
  }
}
