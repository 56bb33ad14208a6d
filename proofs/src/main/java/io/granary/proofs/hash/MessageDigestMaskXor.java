package io.granary.proofs.hash;

import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.MessageDigest;

/** By one reused {@link MessageDigest}. */
final class MessageDigestMaskXor implements MaskXor {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private final MessageDigest md = Sha256.digest();
  private final byte[] message = new byte[40];
  private final byte[] mask = new byte[32];

  @Override
  public void apply(Hash32 replicaId, long firstLeaf, byte[] leaves, int offset, int count) {
    replicaId.copyTo(message, 0);
    for (int i = 0; i < count; i++) {
      LONG.set(message, 32, firstLeaf + i);
      md.update(message, 0, message.length);
      Sha256.finish(md, mask, 0);
      int at = offset + 32 * i;
      for (int word = 0; word < 32; word += 8) {
        LONG.set(
            leaves, at + word, (long) LONG.get(leaves, at + word) ^ (long) LONG.get(mask, word));
      }
    }
  }
}
