package io.granary.protocol.crypto;

import io.granary.proofs.Hash32;
import org.bouncycastle.crypto.digests.KeccakDigest;

/** Keccak-256, which Ethereum uses for ids, signatures and seeds. */
public final class Keccak {
  private Keccak() {}

  /** Keccak-256 of the concatenation. */
  public static Hash32 hash(byte[]... parts) {
    KeccakDigest digest = new KeccakDigest(256);
    for (byte[] part : parts) {
      digest.update(part, 0, part.length);
    }
    byte[] out = new byte[32];
    digest.doFinal(out, 0);
    return Hash32.of(out);
  }
}
