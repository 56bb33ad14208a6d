package io.granary.proofs.seal;

import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.MessageDigest;

/**
 * Profile 1, STREAM: mask(i) = sha256(replicaId ‖ uint64 i). Fast and unsealed at once; a fast
 * miner with one copy could re-seal on demand (Protocol §4).
 */
final class StreamSeal implements SealProfile {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private final MessageDigest md = Sha256.digest();
  private final byte[] message = new byte[40];
  private final byte[] mask = new byte[32];

  @Override
  public int id() {
    return STREAM;
  }

  @Override
  public byte[] mask(Hash32 replicaId, long leaf) {
    replicaId.copyTo(message, 0);
    next(leaf);
    return mask.clone();
  }

  @Override
  public void apply(Hash32 replicaId, long firstLeaf, byte[] leaves, int offset, int count) {
    replicaId.copyTo(message, 0);
    for (int i = 0; i < count; i++) {
      next(firstLeaf + i);
      int at = offset + 32 * i;
      for (int word = 0; word < 32; word += 8) {
        LONG.set(
            leaves, at + word, (long) LONG.get(leaves, at + word) ^ (long) LONG.get(mask, word));
      }
    }
  }

  private void next(long leaf) {
    LONG.set(message, 32, leaf);
    md.update(message, 0, 40);
    Sha256.finish(md, mask, 0);
  }
}
