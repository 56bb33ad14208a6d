package io.granary.client.vault;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.HexFormat;
import javax.crypto.AEADBadTagException;

/**
 * The 32 secret bytes that one file is sealed under, drawn for that file and used for no other.
 * They leave this class wrapped only, and never show in {@link #toString}.
 */
public final class FileKey {
  /** How long a wrapped key is: version, nonce, ciphertext, tag. */
  public static final int WRAPPED_BYTES =
      1 + WrappingKey.NONCE_BYTES + FileKey.BYTES + WrappingKey.TAG_BYTES;

  private static final int BYTES = 32;
  private static final byte VERSION = 1;
  private static final String KIND = "granary/v1/file-key";

  private final byte[] secret;

  FileKey(byte[] secret) {
    this.secret = secret.clone();
  }

  /** A new key. */
  public static FileKey generate() {
    return new FileKey(random(BYTES));
  }

  private static byte[] random(int bytes) {
    byte[] random = new byte[bytes];
    new SecureRandom().nextBytes(random);
    return random;
  }

  byte[] secret() {
    return secret.clone();
  }

  /**
   * Encrypts the key, bound to its file.
   *
   * @param fileId 16 or 32 bytes
   * @return {@link #WRAPPED_BYTES} bytes, others each time
   */
  public byte[] wrap(WrappingKey key, byte[] fileId) {
    byte[] nonce = random(WrappingKey.NONCE_BYTES);
    return ByteBuffer.allocate(WRAPPED_BYTES)
        .put(VERSION)
        .put(nonce)
        .put(key.encrypt(nonce, AssociatedData.of(KIND, fileId), secret))
        .array();
  }

  /**
   * Opens what {@link #wrap} gave.
   *
   * @param fileId the id it was wrapped with
   * @throws BrokenSealException when it was wrapped with another key or id, was cut or changed, or
   *     is of a later version
   */
  public static FileKey unwrap(WrappingKey key, byte[] fileId, byte[] wrapped)
      throws BrokenSealException {
    byte[] associatedData = AssociatedData.of(KIND, fileId);
    String file = HexFormat.of().formatHex(fileId);
    if (wrapped.length > 0 && wrapped[0] != VERSION) {
      throw new BrokenSealException(
          "the key of file "
              + file
              + " has format "
              + Byte.toUnsignedInt(wrapped[0])
              + ", this release knows "
              + VERSION
              + ": use the release that stored the file, or a newer one");
    }
    if (wrapped.length != WRAPPED_BYTES) {
      throw new BrokenSealException(
          "the key of file "
              + file
              + " has "
              + wrapped.length
              + " bytes instead of "
              + WRAPPED_BYTES
              + ": take it from a backup");
    }
    ByteBuffer parts = ByteBuffer.wrap(wrapped, 1, WRAPPED_BYTES - 1);
    byte[] nonce = new byte[WrappingKey.NONCE_BYTES];
    byte[] sealed = new byte[BYTES + WrappingKey.TAG_BYTES];
    parts.get(nonce).get(sealed);
    try {
      return new FileKey(key.decrypt(nonce, associatedData, sealed));
    } catch (AEADBadTagException e) {
      throw new BrokenSealException(
          "the key of file "
              + file
              + " does not open: this is not the wallet that stored the file, or the key was changed;"
              + " use that wallet, or take the key from a backup",
          e);
    }
  }

  @Override
  public String toString() {
    return "FileKey";
  }
}
