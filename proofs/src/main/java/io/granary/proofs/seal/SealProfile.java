package io.granary.proofs.seal;

import io.granary.proofs.Hash32;

/**
 * The seam at which a seal profile plugs in (Protocol §4): the mask that is XORed onto each leaf.
 * Sealing and unsealing are the same operation. Instances are not safe for several threads.
 */
public interface SealProfile {
  /** Number of profile STREAM. */
  int STREAM = 1;

  /** The profile's number in a proposal. */
  int id();

  /** The mask of one leaf, 32 bytes. */
  byte[] mask(Hash32 replicaId, long leaf);

  /**
   * Seals or unseals leaves in place.
   *
   * @param replicaId the deal's id
   * @param firstLeaf position of the first of them in the tree
   * @param leaves {@code count·32} bytes from {@code offset} on
   */
  void apply(Hash32 replicaId, long firstLeaf, byte[] leaves, int offset, int count);

  /**
   * The profile of that number.
   *
   * @throws IllegalArgumentException when there is none
   */
  static SealProfile byId(int id) {
    if (id != STREAM) {
      throw new IllegalArgumentException("seal profile " + id + " is unknown; use 1 (STREAM)");
    }
    return new StreamSeal();
  }
}
