package io.granary.client.erasure;

import io.granary.proofs.piece.RawSize;
import java.util.Objects;

/**
 * How a file lies in its shards (docs/file-format.md, Shards). It is cut into stripes of {@code
 * data} units; unit i of each stripe goes to shard i, behind that of the stripe before, and the
 * parity shards hold what is computed from the stripe. Units have {@link #UNIT} bytes, those of the
 * last stripe as many as are needed; zeros fill it up. All shards have the same length.
 *
 * @param data shards that hold the file
 * @param parity further shards
 * @param bytes of the file, from 1 on
 */
public record Striping(int data, int parity, long bytes) {
  /** Bytes of a unit in all stripes but the last. */
  public static final int UNIT = 1 << 20;

  /** Units are multiples of it, so that vectors of up to 256 bits leave no rest. */
  private static final int ALIGNMENT = 32;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException naming the number of shards when {@link ReedSolomon} has no
   *     such code, or the size when there is no file or its shards would be larger than a piece
   */
  public Striping {
    ReedSolomon.requireCounts(data, parity);
    long most = data * RawSize.MAX;
    if (bytes < 1 || bytes > most) {
      throw new IllegalArgumentException(
          String.format(
              "%d data shards hold a file of 1 to %d bytes, not %d%s",
              data,
              most,
              bytes,
              bytes < 1 ? "; an empty file cannot be stored" : "; take more shards or split it"));
    }
  }

  /** The code of these shards, by the engine that is worth its warm-up for so many bytes. */
  public ReedSolomon code() {
    return ReedSolomon.of(data, parity, CodingEngine.forFile(bytes));
  }

  /** How many shards, data and parity. */
  public int total() {
    return data + parity;
  }

  /** Bytes of each shard, 32 … 2^38. */
  public long shardBytes() {
    return offset(stripes() - 1) + unit(stripes() - 1);
  }

  /** How many stripes. */
  public long stripes() {
    return Math.ceilDiv(bytes, fullStripe());
  }

  /**
   * The stripe that holds a byte of the file.
   *
   * @throws IndexOutOfBoundsException when the file has no such byte
   */
  public long stripeOf(long position) {
    return Objects.checkIndex(position, bytes) / fullStripe();
  }

  /** Where in the file a stripe begins. */
  public long position(long stripe) {
    return requireStripe(stripe) * fullStripe();
  }

  /** How many bytes of the file are in a stripe. */
  public int stripeBytes(long stripe) {
    return (int) Math.min(fullStripe(), bytes - position(stripe));
  }

  /** Where in each shard its unit of a stripe begins. */
  public long offset(long stripe) {
    return requireStripe(stripe) * UNIT;
  }

  /** Bytes of a stripe's units. */
  public int unit(long stripe) {
    return Math.ceilDiv(Math.ceilDiv(stripeBytes(stripe), data), ALIGNMENT) * ALIGNMENT;
  }

  private long fullStripe() {
    return (long) data * UNIT;
  }

  private long requireStripe(long stripe) {
    return Objects.checkIndex(stripe, stripes());
  }
}
