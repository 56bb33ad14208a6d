package io.granary.proofs.seal;

import io.granary.proofs.Hash32;
import io.granary.proofs.hash.MaskXor;

/**
 * Profile 1, STREAM: mask(i) = sha256(replicaId ‖ uint64 i). Fast and unsealed at once; a fast
 * miner with one copy could re-seal on demand (Protocol §4).
 */
final class StreamSeal implements SealProfile {
  private final MaskXor masks = MaskXor.create();

  @Override
  public int id() {
    return STREAM;
  }

  @Override
  public byte[] mask(Hash32 replicaId, long leaf) {
    byte[] mask = new byte[Hash32.BYTES];
    masks.apply(replicaId, leaf, mask, 0, 1);
    return mask;
  }

  @Override
  public void apply(Hash32 replicaId, long firstLeaf, byte[] leaves, int offset, int count) {
    masks.apply(replicaId, firstLeaf, leaves, offset, count);
  }
}
