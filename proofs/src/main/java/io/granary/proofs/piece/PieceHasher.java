package io.granary.proofs.piece;

import io.granary.proofs.Hash32;
import io.granary.proofs.tree.NodeHasher;
import io.granary.proofs.tree.SubtreeHasher;
import io.granary.proofs.tree.TreeShape;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The streaming piece commitment (Protocol §2): any size in constant memory, about 3 MiB. Bytes are gathered into chunks of
 * 2^15 leaves; a stack merges the roots of equal sub-trees. Not safe for several threads.
 */
public final class PieceHasher {
  private record Node(int level, Hash32 hash) {}

  private final SubtreeHasher hasher = new SubtreeHasher(NodeHasher.create());
  private final byte[] raw = new byte[Chunks.RAW];
  private final byte[] leaves = new byte[Chunks.PADDED];
  private final List<Node> stack = new ArrayList<>();
  private int filled;
  private long total;

  /** Takes more bytes. */
  public void update(byte[] bytes, int offset, int length) {
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
    filled += n;
    total += n;
    if (total > RawSize.MAX) {
      throw new IllegalArgumentException("a piece has at most 2^38 bytes; split the file");
    }
  }

  private void pushChunk() {
    Fr32.pad(raw, 0, leaves, 0, Chunks.GROUPS);
    push(new Node(Chunks.LEVEL, hasher.root(leaves, 0, Chunks.LEVEL)));
    filled = 0;
  }

  private void push(Node node) {
    Node top = node;
    while (!stack.isEmpty() && stack.getLast().level() == top.level()) {
      top = new Node(top.level() + 1, hasher.node(stack.removeLast().hash(), top.hash()));
    }
    stack.add(top);
  }

  /** Bytes taken so far. */
  public long total() {
    return total;
  }

  /** The commitment of everything taken; the hasher is of no further use. */
  public PieceCommitment finish() {
    TreeShape shape = new TreeShape(total == 0 ? 4 : new RawSize(total).leafCount());
    int groups = Math.max(1, (filled + Fr32.RAW - 1) / Fr32.RAW);
    java.util.Arrays.fill(raw, filled, raw.length, (byte) 0);
    java.util.Arrays.fill(leaves, (byte) 0);
    Fr32.pad(raw, 0, leaves, 0, groups);
    if (shape.height() <= Chunks.LEVEL) {
      return new PieceCommitment(hasher.root(leaves, 0, shape.height()), total);
    }
    push(new Node(Chunks.LEVEL, hasher.root(leaves, 0, Chunks.LEVEL)));
    Node top = stack.removeLast();
    while (top.level() < shape.height()) {
      boolean merge = !stack.isEmpty() && stack.getLast().level() == top.level();
      Hash32 hash =
          merge
              ? hasher.node(stack.removeLast().hash(), top.hash())
              : hasher.node(top.hash(), TreeShape.zeroRoot(top.level()));
      top = new Node(top.level() + 1, hash);
    }
    return new PieceCommitment(top.hash(), total);
  }
}
