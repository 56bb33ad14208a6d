package io.granary.proofs.piece;

import io.granary.proofs.Hash32;
import io.granary.proofs.tree.SubtreeHasher;
import io.granary.proofs.tree.TreeShape;
import java.util.ArrayList;
import java.util.List;

/** Merges roots of sub-trees, given from left to right, into the root of the whole tree. */
final class RootStack {
  private record Node(int level, Hash32 hash) {}

  private final SubtreeHasher hasher;
  private final List<Node> stack = new ArrayList<>();

  RootStack(SubtreeHasher hasher) {
    this.hasher = hasher;
  }

  /** Takes the next sub-tree; all have the same level. */
  void push(int level, Hash32 root) {
    Node top = new Node(level, root);
    while (!stack.isEmpty() && stack.getLast().level() == top.level()) {
      top = new Node(top.level() + 1, hasher.node(stack.removeLast().hash(), top.hash()));
    }
    stack.add(top);
  }

  /** The root at that height; what was not pushed has zero leaves. */
  Hash32 root(int height) {
    Node top = stack.removeLast();
    while (top.level() < height) {
      boolean merge = !stack.isEmpty() && stack.getLast().level() == top.level();
      Hash32 hash =
          merge
              ? hasher.node(stack.removeLast().hash(), top.hash())
              : hasher.node(top.hash(), TreeShape.zeroRoot(top.level()));
      top = new Node(top.level() + 1, hash);
    }
    return top.hash();
  }
}
