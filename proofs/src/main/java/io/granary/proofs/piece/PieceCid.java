package io.granary.proofs.piece;

import io.granary.proofs.Hash32;
import io.granary.proofs.tree.TreeShape;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * A Piece CID: version 2 (FRC-0069) carries the size, version 1 only the root. Filecoin's tools
 * compute the same.
 *
 * @param root root of the piece tree
 * @param rawBytes size of the piece in bytes
 */
public record PieceCid(Hash32 root, long rawBytes) {
  // CIDv1, codec raw, multihash fr32-sha256-trunc254-padbintree.
  private static final byte[] V2_PREFIX = {0x01, 0x55, (byte) 0x91, 0x20};
  // CIDv1, codec fil-commitment-unsealed, multihash sha2-256-trunc254-padded, 32 bytes.
  private static final byte[] V1_PREFIX = {
    0x01, (byte) 0x81, (byte) 0xe2, 0x03, (byte) 0x92, 0x20, 0x20
  };

  /**
   * Checks the size.
   *
   * @throws IllegalArgumentException outside 0 … 2^38
   */
  public PieceCid {
    if (rawBytes < 0 || rawBytes > RawSize.MAX) {
      throw new IllegalArgumentException("a piece has at most 2^38 bytes, not " + rawBytes);
    }
  }

  /**
   * Parses a version 2 Piece CID.
   *
   * @throws IllegalArgumentException naming the text and what is wrong with it
   */
  public static PieceCid parse(String text) {
    byte[] bytes = Base32.decode(text);
    if (bytes.length >= V1_PREFIX.length && startsWith(bytes, V1_PREFIX)) {
      throw new IllegalArgumentException(
          "'" + text + "' is a version 1 Piece CID, which has no size; give the version 2 form");
    }
    if (!startsWith(bytes, V2_PREFIX) || bytes.length < V2_PREFIX.length + 1) {
      throw wrong(text, "its prefix is another kind of CID's");
    }
    int length = bytes[V2_PREFIX.length];
    int at = V2_PREFIX.length + 1;
    if (length < 34 || bytes.length - at != length) {
      throw wrong(text, "its digest has the wrong length");
    }
    long padding = 0;
    int shift = 0;
    while (at < bytes.length && bytes[at] < 0 && shift < 56) {
      padding |= (long) (bytes[at++] & 0x7f) << shift;
      shift += 7;
    }
    padding |= (long) (bytes[at++] & 0x7f) << shift;
    if (bytes.length - at != 33) {
      throw wrong(text, "its padding is not a canonical number");
    }
    PieceCid cid = fromParts(text, padding, bytes[at], Hash32.at(bytes, at + 1));
    if (!cid.toString().equals(text)) {
      throw wrong(text, "it is not written in its canonical form");
    }
    return cid;
  }

  private static PieceCid fromParts(String text, long padding, int height, Hash32 root) {
    if (height < 2 || height > 33 + 1) {
      throw wrong(text, "its tree height " + height + " is not 2 to 34");
    }
    long raw = capacity(height) - padding;
    if (raw < 0 || raw > RawSize.MAX || heightOf(raw) != height) {
      throw wrong(text, "its padding " + padding + " does not fit its tree height " + height);
    }
    return new PieceCid(root, raw);
  }

  private static IllegalArgumentException wrong(String text, String why) {
    return new IllegalArgumentException("not a version 2 Piece CID: '" + text + "': " + why);
  }

  private static boolean startsWith(byte[] bytes, byte[] prefix) {
    return bytes.length >= prefix.length
        && Arrays.equals(bytes, 0, prefix.length, prefix, 0, prefix.length);
  }

  private static long capacity(int height) {
    return 127L << (height - 2);
  }

  private static int heightOf(long raw) {
    return raw == 0 ? 2 : new TreeShape(new RawSize(raw).leafCount()).height();
  }

  /** The version 1 form: the root alone. */
  public String v1() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(V1_PREFIX);
    out.writeBytes(root.bytes());
    return Base32.encode(out.toByteArray());
  }

  /** The version 2 form. */
  @Override
  public String toString() {
    int height = heightOf(rawBytes);
    ByteArrayOutputStream digest = new ByteArrayOutputStream();
    long padding = capacity(height) - rawBytes;
    while (padding >= 0x80) {
      digest.write((int) (padding & 0x7f) | 0x80);
      padding >>>= 7;
    }
    digest.write((int) padding);
    digest.write(height);
    digest.writeBytes(root.bytes());
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(V2_PREFIX);
    out.write(digest.size());
    out.writeBytes(digest.toByteArray());
    return Base32.encode(out.toByteArray());
  }
}
