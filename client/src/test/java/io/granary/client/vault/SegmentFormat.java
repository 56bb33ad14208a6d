package io.granary.client.vault;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * A second implementation of a sealed file, with the JDK only, from docs/file-format.md and Tink's
 * description of AES-GCM-HKDF streaming.
 */
final class SegmentFormat {
  private static final int SEGMENT = 1_048_576;
  private static final int HEADER = 40;
  private static final int TAG = 16;

  private SegmentFormat() {}

  static byte[] seal(
      byte[] fileKey, byte[] associatedData, byte[] salt, byte[] noncePrefix, byte[] plain)
      throws GeneralSecurityException {
    ByteArrayOutputStream sealed = new ByteArrayOutputStream();
    sealed.write(HEADER);
    sealed.writeBytes(salt);
    sealed.writeBytes(noncePrefix);
    byte[] key = hkdf(fileKey, salt, associatedData);
    int from = 0;
    int number = 0;
    do {
      int to = Math.min(plain.length, (number + 1) * (SEGMENT - TAG) - HEADER);
      sealed.writeBytes(
          segment(
              Cipher.ENCRYPT_MODE,
              key,
              noncePrefix,
              number,
              to == plain.length,
              Arrays.copyOfRange(plain, from, to)));
      from = to;
      number++;
    } while (from < plain.length);
    return sealed.toByteArray();
  }

  static byte[] open(byte[] fileKey, byte[] associatedData, byte[] sealed)
      throws GeneralSecurityException {
    byte[] key = hkdf(fileKey, Arrays.copyOfRange(sealed, 1, 33), associatedData);
    byte[] noncePrefix = Arrays.copyOfRange(sealed, 33, HEADER);
    ByteArrayOutputStream plain = new ByteArrayOutputStream();
    int from = HEADER;
    for (int number = 0; from < sealed.length; number++) {
      int to = Math.min(sealed.length, (number + 1) * SEGMENT);
      plain.writeBytes(
          segment(
              Cipher.DECRYPT_MODE,
              key,
              noncePrefix,
              number,
              to == sealed.length,
              Arrays.copyOfRange(sealed, from, to)));
      from = to;
    }
    return plain.toByteArray();
  }

  /** What a file's segments are bound to. */
  static byte[] associatedData(String kind, byte[] fileId) {
    byte[] name = kind.getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(name.length + fileId.length).put(name).put(fileId).array();
  }

  private static byte[] segment(
      int mode, byte[] key, byte[] noncePrefix, int number, boolean last, byte[] bytes)
      throws GeneralSecurityException {
    byte[] nonce =
        ByteBuffer.allocate(12).put(noncePrefix).putInt(number).put((byte) (last ? 1 : 0)).array();
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(8 * TAG, nonce));
    return cipher.doFinal(bytes);
  }

  /** RFC 5869 with SHA-256, as far as one block of output goes. */
  private static byte[] hkdf(byte[] ikm, byte[] salt, byte[] info) throws GeneralSecurityException {
    byte[] prk = hmac(salt, ikm);
    return hmac(prk, ByteBuffer.allocate(info.length + 1).put(info).put((byte) 1).array());
  }

  private static byte[] hmac(byte[] key, byte[] message) throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return mac.doFinal(message);
  }
}
