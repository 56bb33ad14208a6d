package io.granary.proofs.tree;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A tree file, or the data below it, is not what it was. */
public final class CorruptTreeException extends IOException {
  private static final long serialVersionUID = 1L;

  private final transient @Nullable Path tree;

  /** The data is at fault: nothing but a copy of it helps. */
  CorruptTreeException(String message) {
    super(message);
    this.tree = null;
  }

  /** A tree file is at fault. */
  public CorruptTreeException(Path tree, String message) {
    super(tree + " " + message);
    this.tree = tree;
  }

  /** The tree file at fault, which can be built again from its data; empty when the data is. */
  public Optional<Path> tree() {
    return Optional.ofNullable(tree);
  }
}
