package io.granary.miner.sealing;

import io.granary.proofs.piece.ChunkWorkers;
import io.granary.proofs.piece.Chunks;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.seal.RawSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * CRC-32C of each chunk of a staged piece, made from the very bytes that were hashed into its root.
 * Sealing with a stored piece tree does not hash the piece again; these find what a disk changed
 * between upload and sealing, at a hundredth of the cost. They are no defence against whoever can
 * write to the disk, nor need they be: it is the miner's own.
 */
public final class StagedSums {
  private final CRC32C crc = new CRC32C();
  private final ByteBuffer sums;
  private int filled;

  /** Of a piece that comes from its first byte on. */
  public StagedSums(RawSize size) {
    this.sums = ByteBuffer.allocate(fileBytes(size));
  }

  private static int fileBytes(RawSize size) {
    // A sum for each chunk, and one over them.
    return Math.toIntExact(Integer.BYTES * (ChunkWorkers.chunksOf(size) + 1));
  }

  /** Takes what remains of a buffer, which is left as it was. */
  public void update(ByteBuffer bytes) {
    ByteBuffer left = bytes.duplicate();
    while (left.hasRemaining()) {
      int n = Math.min(left.remaining(), Chunks.RAW - filled);
      crc.update(left.slice(left.position(), n));
      left.position(left.position() + n);
      filled += n;
      if (filled == Chunks.RAW) {
        endChunk();
      }
    }
  }

  private void endChunk() {
    sums.putInt((int) crc.getValue());
    crc.reset();
    filled = 0;
  }

  /** Writes the sums of a whole piece, durably: a sealing after a restart goes by them too. */
  public void write(Path file) throws IOException {
    if (filled > 0) {
      endChunk();
    }
    sums.putInt(sumOf(sums.array(), sums.position()));
    Files.write(
        file,
        sums.array(),
        StandardOpenOption.CREATE,
        StandardOpenOption.TRUNCATE_EXISTING,
        StandardOpenOption.WRITE,
        StandardOpenOption.SYNC);
  }

  private static int sumOf(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }

  /**
   * A source that checks each chunk against stored sums; empty when there are none that can be
   * believed.
   */
  static Optional<RawSource> checking(RawSource source, Path file, RawSize size)
      throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    byte[] stored = Files.readAllBytes(file);
    int end = fileBytes(size) - Integer.BYTES;
    ByteBuffer sums = ByteBuffer.wrap(stored);
    if (stored.length != fileBytes(size) || sums.getInt(end) != sumOf(stored, end)) {
      return Optional.empty();
    }
    return Optional.of(
        (position, target, length) -> {
          source.read(position, target, length);
          int chunk = Math.toIntExact(position / Chunks.RAW);
          if (sumOf(target, length) != sums.getInt(Integer.BYTES * chunk)) {
            throw new StagedPieceChangedException(
                "bytes "
                    + position
                    + " to "
                    + (position + length)
                    + " of the staged piece are not those that came");
          }
        });
  }
}
