package io.granary.proofs.tree;

import io.granary.proofs.Hash32;
import io.granary.proofs.hash.NodeHasher;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Writes a {@link StoredTree}: block roots in any order and from several threads, then {@link
 * #finish} builds the levels above and writes the header last, so that a half-written file is never
 * taken for a tree.
 */
public final class StoredTreeWriter implements Closeable {
  private static final int BATCH = 1 << 15;

  private final Path path;
  private final FileChannel file;
  private final TreeShape shape;
  private boolean built;

  /** Creates or replaces the file. */
  public StoredTreeWriter(Path path, TreeShape shape) throws IOException {
    this(path, shape, open(path, StandardOpenOption.TRUNCATE_EXISTING));
  }

  private StoredTreeWriter(Path path, TreeShape shape, FileChannel file) {
    this.path = path;
    this.shape = shape;
    this.file = file;
  }

  /**
   * Goes on with a file, or creates it: what block roots it has stay, and are no finished tree
   * until {@link #finish}.
   */
  public static StoredTreeWriter resume(Path path, TreeShape shape) throws IOException {
    StoredTreeWriter writer = new StoredTreeWriter(path, shape, open(path));
    try {
      writer.writeFully(ByteBuffer.allocate(TreeHeader.BYTES), 0);
      return writer;
    } catch (IOException | RuntimeException e) {
      writer.close();
      throw e;
    }
  }

  private static FileChannel open(Path path, OpenOption... more) throws IOException {
    return FileChannel.open(
        path,
        Stream.concat(
                Stream.of(
                    StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                Stream.of(more))
            .toArray(OpenOption[]::new));
  }

  /** The same tree behind another channel, for tests of failing disks. */
  public StoredTreeWriter wrap(UnaryOperator<FileChannel> wrapper) {
    return new StoredTreeWriter(path, shape, wrapper.apply(file));
  }

  /** Stores the roots of {@code count} blocks from {@code firstBlock} on. */
  public void writeBlockRoots(long firstBlock, byte[] roots, int count) throws IOException {
    writeFully(ByteBuffer.wrap(roots, 0, 32 * count), StoredTree.HEADER + 32 * firstBlock);
  }

  /**
   * Root of a whole sub-tree, from the block roots that the file has.
   *
   * @param level at least that of block roots
   * @throws CorruptTreeException when the file ends before
   */
  public Hash32 rootOf(int level, long index) throws IOException {
    int levels = level - shape.base();
    byte[] roots = new byte[32 << levels];
    StoredTree.readFully(
        file, ByteBuffer.wrap(roots), StoredTree.HEADER + ((32L << levels) * index), path);
    return new SubtreeHasher(NodeHasher.create()).root(roots, 0, levels);
  }

  /** Makes the block roots durable that were written until now. */
  public void sync() throws IOException {
    file.force(false);
  }

  /** Builds what lies above the block roots; a node can be read afterwards. */
  public void build() throws IOException {
    NodeHasher hasher = NodeHasher.create();
    byte[] nodes = new byte[32 * BATCH];
    byte[] parents = new byte[16 * BATCH];
    for (int level = shape.base(); level < shape.height(); level++) {
      buildLevelAbove(level, hasher, nodes, parents);
    }
    built = true;
  }

  /** A node that has leaves below it, as it was built. */
  public Hash32 node(int level, long index) throws IOException {
    ByteBuffer node = ByteBuffer.allocate(32);
    StoredTree.readFully(file, node, StoredTree.offset(shape, level) + 32 * index, path);
    return Hash32.of(node.array());
  }

  /** Builds what lies above unless it is there, makes everything durable, and returns the root. */
  public Hash32 finish() throws IOException {
    if (!built) {
      build();
    }
    Hash32 root = node(shape.height(), 0);
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
