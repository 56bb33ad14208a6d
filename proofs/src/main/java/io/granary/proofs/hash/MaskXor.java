package io.granary.proofs.hash;

import io.granary.proofs.Hash32;

/**
 * XORs leaves with the masks of the STREAM profile, {@code sha256(replicaId ‖ uint64 position)}
 * (Protocol §4), in bulk. Not safe for several threads.
 */
public interface MaskXor {
  /**
   * Masks, or unmasks, leaves in place.
   *
   * @param firstLeaf position of the first of them in the tree
   * @param leaves {@code count·32} bytes from {@code offset} on
   */
  void apply(Hash32 replicaId, long firstLeaf, byte[] leaves, int offset, int count);

  /** One of the engine that is in use, for one thread. */
  static MaskXor create() {
    return HashEngine.inUse().masks();
  }
}
