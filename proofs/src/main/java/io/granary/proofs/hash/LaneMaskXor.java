package io.granary.proofs.hash;

import io.granary.proofs.Hash32;

/** 32 masks at a time; what is left over goes to the other engine. */
final class LaneMaskXor implements MaskXor {
  private final MaskXor rest = new MessageDigestMaskXor();
  private final Sha256Lanes lanes = new Sha256Lanes();

  @Override
  public void apply(Hash32 replicaId, long firstLeaf, byte[] leaves, int offset, int count) {
    int whole = count - count % Sha256Lanes.COUNT;
    byte[] id = replicaId.bytes();
    for (int i = 0; i < whole; i += Sha256Lanes.COUNT) {
      lanes.xorMasks(id, firstLeaf + i, leaves, offset + 32 * i);
    }
    rest.apply(replicaId, firstLeaf + whole, leaves, offset + 32 * whole, count - whole);
  }
}
