package io.granary.proofs.tree;

import io.granary.proofs.Hash32;
import io.granary.proofs.hash.NodeHasher;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A tree on disk that keeps only the levels from the roots of 4 KiB blocks up, 1.6 % of the data;
 * an opening reads one block and rebuilds the seven levels below. Layout: 64 bytes of header
 * (magic, version, leaf count, root), then the nodes of each level from {@link TreeShape#base} to
 * the root, without those that have only zero leaves below them. Safe for several threads.
 */
public final class StoredTree implements AutoCloseable {
  static final int HEADER = TreeHeader.BYTES;

  private final Path path;
  private final FileChannel file;
  private final TreeShape shape;
  private final Hash32 root;

  private StoredTree(Path path, FileChannel file, TreeShape shape, Hash32 root) {
    this.path = path;
    this.file = file;
    this.shape = shape;
    this.root = root;
  }

  /**
   * Opens a tree file.
   *
   * @throws CorruptTreeException when it is no tree file, half-written or of the wrong size
   */
  public static StoredTree open(Path path) throws IOException {
    FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
    try {
      ByteBuffer header = ByteBuffer.allocate(HEADER);
      readFully(file, header, 0, path);
      TreeHeader parsed = TreeHeader.parse(header.array(), path);
      TreeShape shape = parsed.shape();
      if (file.size() != fileSize(shape)) {
        throw new CorruptTreeException(
            path,
            "has "
                + file.size()
                + " bytes, not "
                + fileSize(shape)
                + "; it can be rebuilt from its data");
      }
      ByteBuffer top = ByteBuffer.allocate(32);
      readFully(file, top, offset(shape, shape.height()), path);
      if (!Hash32.of(top.array()).equals(parsed.root())) {
        throw new CorruptTreeException(
            path, "does not end with the root in its header; it can be rebuilt from its data");
      }
      return new StoredTree(path, file, shape, parsed.root());
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** Size of the file of such a tree, bytes. */
  public static long fileSize(TreeShape shape) {
    return offset(shape, shape.height()) + 32;
  }

  /** Where a level begins in the file. */
  static long offset(TreeShape shape, int level) {
    long at = HEADER;
    for (int l = shape.base(); l < level; l++) {
      at += 32 * shape.nodesAt(l);
    }
    return at;
  }

  /** Its shape. */
  public TreeShape shape() {
    return shape;
  }

  /** Its root as the header says. */
  public Hash32 root() {
    return root;
  }

  /** A stored node, or the zero root of its level where it has no leaves. */
  Hash32 node(int level, long index) throws IOException {
    if (index >= shape.nodesAt(level)) {
      return TreeShape.zeroRoot(level);
    }
    ByteBuffer buffer = ByteBuffer.allocate(32);
    readFully(file, buffer, offset(shape, level) + 32 * index, path);
    return Hash32.of(buffer.array());
  }

  /** The leaves of a block, zero beyond the leaf count. */
  byte[] block(long block, BlockSource source) throws IOException {
    int leaves = 1 << shape.base();
    long first = block << shape.base();
    byte[] data = new byte[leaves * 32];
    int present = (int) Math.min(leaves, shape.leafCount() - first);
    if (present > 0) {
      byte[] read = new byte[present * 32];
      source.read(first, present, read);
      System.arraycopy(read, 0, data, 0, read.length);
    }
    return data;
  }

  /**
   * Opens a leaf: reads its block, one node a stored level, and checks what it found against the
   * root.
   *
   * @throws CorruptTreeException when the data or the tree is not what it was; the message says
   *     which of them
   * @throws IOException when tree or data cannot be read
   * @throws IllegalArgumentException when no such leaf exists
   */
  public Opening open(long index, BlockSource source) throws IOException {
    shape.requireLeaf(index);
    byte[] packed = new byte[Opening.bytes(shape)];
    byte[] level = block(index >>> shape.base(), source);
    int inBlock = (int) (index & ((1L << shape.base()) - 1));
    System.arraycopy(level, 32 * inBlock, packed, 0, 32);
    NodeHasher hasher = NodeHasher.create();
    int n = 1 << shape.base();
    for (int l = 0; l < shape.base(); l++) {
      System.arraycopy(level, 32 * ((inBlock >>> l) ^ 1), packed, 32 * (l + 1), 32);
      n /= 2;
      hasher.hash(level, 0, level, 0, n);
    }
    for (int l = shape.base(); l < shape.height(); l++) {
      node(l, (index >>> l) ^ 1).copyTo(packed, 32 * (l + 1));
    }
    Opening opening = Opening.of(packed);
    if (!opening.opens(root, index, shape.leafCount())) {
      throw corrupt(index, Hash32.at(level, 0));
    }
    return opening;
  }

  private CorruptTreeException corrupt(long index, Hash32 blockRoot) throws IOException {
    if (blockRoot.equals(node(shape.base(), index >>> shape.base()))) {
      return new CorruptTreeException(
          path,
          "is damaged: the path of leaf "
              + index
              + " misses root "
              + root
              + "; it can be rebuilt from its data");
    }
    return new CorruptTreeException(
        "the data of leaf "
            + index
            + " is not what "
            + path
            + " was built over: the block of "
            + (1 << shape.base())
            + " leaves around it is damaged; restore it");
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  static void readFully(FileChannel file, ByteBuffer target, long at, Path path)
      throws IOException {
    long position = at;
    while (target.hasRemaining()) {
      int n = file.read(target, position);
      if (n < 0) {
        throw new CorruptTreeException(
            path, "ends at byte " + position + "; it can be rebuilt from its data");
      }
      position += n;
    }
  }
}
