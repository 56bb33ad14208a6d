package io.granary.proofs.tree;

import java.io.IOException;

/** Reads leaves of a tree's data: a replica file, or its unsealed view. */
@FunctionalInterface
public interface BlockSource {
  /**
   * Reads {@code count} leaves from {@code firstLeaf} on; all of them lie below the leaf count.
   *
   * @param target room for {@code count·32} bytes from its start
   * @throws IOException when the data cannot be read
   */
  void read(long firstLeaf, int count, byte[] target) throws IOException;
}
