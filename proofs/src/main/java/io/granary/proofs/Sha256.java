package io.granary.proofs;

import java.math.BigInteger;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256 of the JDK, which uses the processor's instructions. */
public final class Sha256 {
  private Sha256() {}

  /** A new digest; not safe for several threads. */
  public static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** SHA-256 of the concatenation. */
  public static Hash32 hash(byte[]... parts) {
    MessageDigest md = digest();
    for (byte[] part : parts) {
      md.update(part);
    }
    return Hash32.of(md.digest());
  }

  /**
   * {@code sha256(seed ‖ uint256 counter)} as an unsigned number: how every challenge is expanded.
   */
  public static BigInteger expand(Hash32 seed, long counter) {
    byte[] message = new byte[64];
    seed.copyTo(message, 0);
    for (int i = 0; i < 8; i++) {
      message[63 - i] = (byte) (counter >>> (8 * i));
    }
    return new BigInteger(1, digest().digest(message));
  }

  /** Finishes a digest into an array. */
  public static void finish(MessageDigest md, byte[] out, int offset) {
    try {
      md.digest(out, offset, Hash32.BYTES);
    } catch (DigestException e) {
      throw new IllegalStateException("no room for a digest at offset " + offset, e);
    }
  }
}
