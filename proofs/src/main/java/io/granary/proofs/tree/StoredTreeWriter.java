package io.granary.proofs.tree;

import io.granary.proofs.Hash32;
import io.granary.proofs.hash.NodeHasher;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Writes a {@link StoredTree}: block roots in any order and from several threads, then {@link
 * #finish} builds the levels above and writes the header last, so that a half-written file is never
 * taken for a tree.
 */
public final class StoredTreeWriter implements AutoCloseable {
  private static final int BATCH = 1 << 15;

  private final Path path;
  private final FileChannel file;
  private final TreeShape shape;

  /** Creates or replaces the file. */
  public StoredTreeWriter(Path path, TreeShape shape) throws IOException {
    this.path = path;
    this.shape = shape;
    this.file =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
  }

  /** Stores the roots of {@code count} blocks from {@code firstBlock} on. */
  public void writeBlockRoots(long firstBlock, byte[] roots, int count) throws IOException {
    writeFully(ByteBuffer.wrap(roots, 0, 32 * count), StoredTree.HEADER + 32 * firstBlock);
  }

  /** Builds what lies above, makes everything durable, and returns the root. */
  public Hash32 finish() throws IOException {
    NodeHasher hasher = NodeHasher.create();
    byte[] nodes = new byte[32 * BATCH];
    byte[] parents = new byte[16 * BATCH];
    for (int level = shape.base(); level < shape.height(); level++) {
      buildLevelAbove(level, hasher, nodes, parents);
    }
    ByteBuffer top = ByteBuffer.allocate(32);
    StoredTree.readFully(file, top, StoredTree.offset(shape, shape.height()), path);
    Hash32 root = Hash32.of(top.array());
    file.force(true);
    writeFully(ByteBuffer.wrap(new TreeHeader(shape, root).bytes()), 0);
    file.force(true);
    return root;
  }

  private void buildLevelAbove(int level, NodeHasher hasher, byte[] nodes, byte[] parents)
      throws IOException {
    long count = shape.nodesAt(level);
    long from = StoredTree.offset(shape, level);
    long to = StoredTree.offset(shape, level + 1);
    for (long first = 0; first < count; first += BATCH) {
      int n = (int) Math.min(BATCH, count - first);
      StoredTree.readFully(file, ByteBuffer.wrap(nodes, 0, 32 * n), from + 32 * first, path);
      if ((n & 1) == 1) {
        TreeShape.zeroRoot(level).copyTo(nodes, 32 * n);
        n++;
      }
      hasher.hash(nodes, 0, parents, 0, n / 2);
      writeFully(ByteBuffer.wrap(parents, 0, 16 * n), to + 16 * first);
    }
  }

  private void writeFully(ByteBuffer source, long at) throws IOException {
    long position = at;
    while (source.hasRemaining()) {
      position += file.write(source, position);
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
