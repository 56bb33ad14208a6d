package io.granary.proofs.piece;

import java.io.ByteArrayOutputStream;

/** Multibase 'b': RFC 4648 base32, lower case, no padding. The JDK has none. */
final class Base32 {
  private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

  private Base32() {}

  static String encode(byte[] bytes) {
    StringBuilder out = new StringBuilder("b");
    int buffer = 0;
    int bits = 0;
    for (byte b : bytes) {
      buffer = (buffer << 8) | (b & 0xff);
      bits += 8;
      while (bits >= 5) {
        bits -= 5;
        out.append(ALPHABET.charAt((buffer >>> bits) & 31));
      }
      buffer &= (1 << bits) - 1;
    }
    if (bits > 0) {
      out.append(ALPHABET.charAt((buffer << (5 - bits)) & 31));
    }
    return out.toString();
  }

  static byte[] decode(String text) {
    if (text.length() < 2 || text.length() > 128 || text.charAt(0) != 'b') {
      throw new IllegalArgumentException(
          "not a CID: '" + text + "'; a Piece CID is base32 and begins with 'b'");
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int buffer = 0;
    int bits = 0;
    for (int i = 1; i < text.length(); i++) {
      int value = ALPHABET.indexOf(text.charAt(i));
      if (value < 0) {
        throw new IllegalArgumentException(
            "not a CID: '" + text + "': '" + text.charAt(i) + "' is no base32 digit");
      }
      buffer = (buffer << 5) | value;
      bits += 5;
      if (bits >= 8) {
        bits -= 8;
        out.write(buffer >>> bits);
        buffer &= (1 << bits) - 1;
      }
    }
    return out.toByteArray();
  }
}
