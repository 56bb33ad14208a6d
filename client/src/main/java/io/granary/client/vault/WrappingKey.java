package io.granary.client.vault;

import io.granary.protocol.crypto.EthKey;
import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** The key under which a wallet keeps the keys of its files. Nothing of it shows. */
public final class WrappingKey {
  static final int NONCE_BYTES = 12;
  static final int TAG_BYTES = 16;

  private final SecretKeySpec secret;

  WrappingKey(byte[] secret) {
    this.secret = new SecretKeySpec(secret, "AES");
  }

  /** That of a wallet: the same at any time, so the wallet's key is all there is to keep. */
  public static WrappingKey of(EthKey wallet) {
    return new WrappingKey(wallet.derive("file keys"));
  }

  /** AES-256-GCM; the tag follows the ciphertext. */
  byte[] encrypt(byte[] nonce, byte[] associatedData, byte[] plain) {
    try {
      return crypt(Cipher.ENCRYPT_MODE, nonce, associatedData, plain);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK encrypts with AES-256-GCM", e);
    }
  }

  /**
   * Decrypts what {@link #encrypt} gave.
   *
   * @throws AEADBadTagException when key, nonce, associated data or ciphertext is another one
   */
  byte[] decrypt(byte[] nonce, byte[] associatedData, byte[] sealed) throws AEADBadTagException {
    try {
      return crypt(Cipher.DECRYPT_MODE, nonce, associatedData, sealed);
    } catch (AEADBadTagException e) {
      throw e;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK decrypts with AES-256-GCM", e);
    }
  }

  private byte[] crypt(int mode, byte[] nonce, byte[] associatedData, byte[] input)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, secret, new GCMParameterSpec(8 * TAG_BYTES, nonce));
    cipher.updateAAD(associatedData);
    return cipher.doFinal(input);
  }

  @Override
  public String toString() {
    return "WrappingKey";
  }
}
