package io.granary.proofs.hash;

import io.granary.proofs.Sha256;
import java.security.MessageDigest;

/** By one reused {@link MessageDigest}. */
final class MessageDigestNodeHasher implements NodeHasher {
  private final MessageDigest md = Sha256.digest();

  @Override
  public void hash(byte[] in, int inOffset, byte[] out, int outOffset, int count) {
    for (int i = 0; i < count; i++) {
      md.update(in, inOffset + 64 * i, 64);
      int at = outOffset + 32 * i;
      Sha256.finish(md, out, at);
      out[at + 31] &= 0x3f;
    }
  }
}
