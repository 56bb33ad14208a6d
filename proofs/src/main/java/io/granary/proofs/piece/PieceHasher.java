package io.granary.proofs.piece;

import io.granary.proofs.Hash32;
import io.granary.proofs.hash.NodeHasher;
import io.granary.proofs.tree.SubtreeHasher;
import io.granary.proofs.tree.TreeShape;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;

/**
 * The streaming piece commitment (Protocol §2): any size in constant memory, about 3 MiB. Bytes are
 * gathered into chunks of 2^15 leaves; a stack merges the roots of equal sub-trees. Not safe for
 * several threads.
 */
public final class PieceHasher {
  /**
   * Takes the roots of 4 KiB blocks as they come, in order, so that a stored tree need not hash the
   * piece again.
   */
  @FunctionalInterface
  public interface BlockRoots {
    /**
     * Roots of {@code count} blocks from {@code firstBlock} on; the array is reused afterwards.
     *
     * @throws java.io.UncheckedIOException when they cannot be stored
     */
    void take(long firstBlock, byte[] roots, int count);
  }

  private static final int BLOCKS = 1 << (Chunks.LEVEL - TreeShape.BLOCK_LEVEL);

  private final BlockRoots blockRoots;
  private final byte[] roots = new byte[32 * BLOCKS];
  private long chunks;
  private final SubtreeHasher hasher = new SubtreeHasher(NodeHasher.create());
  private final byte[] raw = new byte[Chunks.RAW];
  private final byte[] leaves = new byte[Chunks.PADDED];
  private final RootStack stack = new RootStack(hasher);
  private int filled;
  private boolean finished;
  private long total;

  /** Of a piece whose block roots nobody wants. */
  public PieceHasher() {
    this((firstBlock, roots, count) -> {});
  }

  /** Hands on block roots; none of a piece whose tree is lower than a block. */
  public PieceHasher(BlockRoots blockRoots) {
    this.blockRoots = blockRoots;
  }

  /** Takes more bytes. */
  public void update(byte[] bytes, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    int at = offset;
    int left = length;
    while (left > 0) {
      if (filled == raw.length) {
        pushChunk();
      }
      int n = Math.min(left, raw.length - filled);
      System.arraycopy(bytes, at, raw, filled, n);
      advance(n);
      at += n;
      left -= n;
    }
  }

  /** Takes what remains of a buffer. */
  public void update(ByteBuffer bytes) {
    while (bytes.hasRemaining()) {
      if (filled == raw.length) {
        pushChunk();
      }
      int n = Math.min(bytes.remaining(), raw.length - filled);
      bytes.get(raw, filled, n);
      advance(n);
    }
  }

  private void advance(int n) {
    if (finished) {
      throw new IllegalStateException("this hasher is finished; make a new one for each piece");
    }
    filled += n;
    total += n;
    if (total > RawSize.MAX) {
      throw new IllegalArgumentException("a piece has at most 2^38 bytes; split the file");
    }
  }

  private void pushChunk() {
    Fr32.pad(raw, 0, leaves, 0, Chunks.GROUPS);
    stack.push(Chunks.LEVEL, chunkRoot(BLOCKS));
    filled = 0;
  }

  /** Root of the chunk in {@code leaves}, of which so many blocks have leaves. */
  private Hash32 chunkRoot(int present) {
    byte[] reduced = hasher.reduce(leaves, 0, Chunks.LEAVES, TreeShape.BLOCK_LEVEL);
    System.arraycopy(reduced, 0, roots, 0, roots.length);
    blockRoots.take(chunks * BLOCKS, roots, present);
    chunks++;
    return hasher.root(roots, 0, Chunks.LEVEL - TreeShape.BLOCK_LEVEL);
  }

  /** Bytes taken so far. */
  public long total() {
    return total;
  }

  /**
   * The commitment of everything taken; the hasher is of no further use. That of no bytes at all is
   * defined too (four zero leaves), but no deal can hold it.
   *
   * @throws IllegalStateException the second time
   */
  public PieceCommitment finish() {
    if (finished) {
      throw new IllegalStateException("this hasher is finished; make a new one for each piece");
    }
    finished = true;
    TreeShape shape = new TreeShape(total == 0 ? 4 : new RawSize(total).leafCount());
    int groups = Math.max(1, (filled + Fr32.RAW - 1) / Fr32.RAW);
    Arrays.fill(raw, filled, raw.length, (byte) 0);
    Arrays.fill(leaves, (byte) 0);
    Fr32.pad(raw, 0, leaves, 0, groups);
    int blocks = (groups * 4 + (1 << TreeShape.BLOCK_LEVEL) - 1) >> TreeShape.BLOCK_LEVEL;
    if (shape.height() < TreeShape.BLOCK_LEVEL) {
      return new PieceCommitment(hasher.root(leaves, 0, shape.height()), total);
    }
    Hash32 last = chunkRoot(blocks);
    if (shape.height() <= Chunks.LEVEL) {
      // What lies beside the piece's own sub-tree is zero: its root is found from the same block
      // roots.
      return new PieceCommitment(
          hasher.root(roots, 0, shape.height() - TreeShape.BLOCK_LEVEL), total);
    }
    stack.push(Chunks.LEVEL, last);
    return new PieceCommitment(stack.root(shape.height()), total);
  }
}
