package io.granary.client.erasure;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Makes the shards of a file whose bytes come in order, stripe by stripe, in memory of one stripe:
 * n MiB. Not safe for several threads.
 */
public final class ShardEncoder {
  private final Striping striping;
  private final ShardSink sink;
  private final ReedSolomon code;
  private final byte[][] units;
  private long stripe;
  private int filled;

  /** Of a file that has as many bytes as {@code striping} says. */
  public ShardEncoder(Striping striping, ShardSink sink) {
    this.striping = striping;
    this.sink = sink;
    this.code = striping.code();
    this.units = new byte[striping.total()][striping.unit(0)];
  }

  /**
   * Takes what remains of a buffer, and hands on the units of each stripe that is full.
   *
   * @throws IllegalArgumentException when these are more bytes than the file has; none is taken
   * @throws IOException when the sink throws it; the encoder is of no further use then
   */
  public void update(ByteBuffer bytes) throws IOException {
    if (bytes.remaining() > missing()) {
      throw new IllegalArgumentException(
          String.format(
              "more bytes came than the %d that the file has; did it grow while it was read?",
              striping.bytes()));
    }
    while (bytes.hasRemaining()) {
      int unit = striping.unit(stripe);
      int at = filled % unit;
      int length = Math.min(bytes.remaining(), Math.min(unit - at, room()));
      bytes.get(units[filled / unit], at, length);
      filled += length;
      if (room() == 0) {
        flush(unit);
      }
    }
  }

  /**
   * Checks that all shards are complete.
   *
   * @throws IllegalStateException when fewer bytes came than the file has
   */
  public void finish() {
    if (missing() > 0) {
      throw new IllegalStateException(
          String.format(
              "%d of the file's %d bytes did not come; did it shrink while it was read?",
              missing(), striping.bytes()));
    }
  }

  private long missing() {
    return stripe == striping.stripes() ? 0 : striping.bytes() - striping.position(stripe) - filled;
  }

  private int room() {
    return striping.stripeBytes(stripe) - filled;
  }

  private void flush(int unit) throws IOException {
    for (int shard = filled / unit; shard < striping.data(); shard++) {
      Arrays.fill(units[shard], Math.max(0, filled - shard * unit), unit, (byte) 0);
    }
    code.encode(units, unit);
    for (int shard = 0; shard < units.length; shard++) {
      sink.accept(shard, units[shard], 0, unit);
    }
    stripe++;
    filled = 0;
  }
}
