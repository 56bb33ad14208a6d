package io.granary.proofs.piece;

import io.granary.proofs.Hash32;
import io.granary.proofs.hash.NodeHasher;
import io.granary.proofs.tree.SubtreeHasher;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * The piece commitment of a file with several threads: about 3 MiB a thread and 32 bytes for each
 * MiB of the file.
 */
public final class PieceFile {
  private PieceFile() {}

  /**
   * Hashes a file.
   *
   * @param threads at least 1
   * @throws IOException when it cannot be read, or shrinks meanwhile
   * @throws IllegalArgumentException when it has more than 2^38 bytes
   */
  public static PieceCommitment commit(Path path, int threads) throws IOException {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      if (file.size() == 0) {
        return new PieceHasher().finish();
      }
      RawSize size = new RawSize(file.size());
      int level = Math.min(Chunks.LEVEL, size.shape().height());
      Hash32[] roots = new Hash32[Math.toIntExact(ChunkWorkers.chunksOf(size))];
      ChunkWorkers.run(
          threads,
          roots.length,
          () -> {
            ChunkReader reader = new ChunkReader(file, size);
            return chunk -> roots[(int) chunk] = reader.root(chunk, level);
          });
      RootStack stack = new RootStack(new SubtreeHasher(NodeHasher.create()));
      for (Hash32 root : roots) {
        stack.push(level, root);
      }
      return new PieceCommitment(stack.root(size.shape().height()), size.bytes());
    }
  }

  private static final class ChunkReader {
    private final FileChannel file;
    private final RawSize size;
    private final SubtreeHasher hasher = new SubtreeHasher(NodeHasher.create());
    private final byte[] raw = new byte[Chunks.RAW];
    private final byte[] leaves = new byte[Chunks.PADDED];

    ChunkReader(FileChannel file, RawSize size) {
      this.file = file;
      this.size = size;
    }

    Hash32 root(long chunk, int level) throws IOException {
      long at = chunk * Chunks.RAW;
      int length = (int) Math.min(Chunks.RAW, size.bytes() - at);
      ByteBuffer buffer = ByteBuffer.wrap(raw, 0, length);
      while (buffer.hasRemaining()) {
        int n = file.read(buffer, at + buffer.position());
        if (n < 0) {
          throw new EOFException("the file shrank below " + size.bytes() + " bytes while read");
        }
      }
      int groups = (length + Fr32.RAW - 1) / Fr32.RAW;
      Arrays.fill(raw, length, groups * Fr32.RAW, (byte) 0);
      Fr32.pad(raw, 0, leaves, 0, groups);
      Arrays.fill(leaves, groups * Fr32.PADDED, leaves.length, (byte) 0);
      return hasher.root(leaves, 0, level);
    }
  }
}
