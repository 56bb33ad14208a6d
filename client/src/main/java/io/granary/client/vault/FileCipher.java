package io.granary.client.vault;

import com.google.crypto.tink.subtle.AesGcmHkdfStreaming;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.security.GeneralSecurityException;
import java.util.HexFormat;

/**
 * Seals and opens one file: AES-256-GCM in segments under keys that HKDF-SHA256 derives (Tink's
 * {@link AesGcmHkdfStreaming}, docs/file-format.md). A segment opens at its own place in its own
 * file only, and the last one only as the last. Sealing the same bytes again gives others.
 */
public final class FileCipher {
  /** Size of a sealed segment; the first has the header in front, the last may be shorter. */
  public static final int SEGMENT_BYTES = 1 << 20;

  private static final int KEY_BYTES = 32;
  private static final int HEADER_BYTES = 1 + KEY_BYTES + 7;
  private static final int TAG_BYTES = 16;
  private static final String KIND = "granary/v1/file";

  private final AesGcmHkdfStreaming streaming;
  private final byte[] associatedData;
  private final String file;

  /**
   * For the file that the key was made for.
   *
   * @param fileId 16 or 32 bytes
   */
  public FileCipher(FileKey key, byte[] fileId) {
    associatedData = AssociatedData.of(KIND, fileId);
    file = HexFormat.of().formatHex(fileId);
    try {
      streaming = new AesGcmHkdfStreaming(key.secret(), "HmacSha256", KEY_BYTES, SEGMENT_BYTES, 0);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the format's parameters are Tink's", e);
    }
  }

  /** How many bytes so many become when they are sealed. */
  public static long sealedBytes(long plainBytes) {
    long segments = Math.ceilDiv(HEADER_BYTES + plainBytes, SEGMENT_BYTES - TAG_BYTES);
    return HEADER_BYTES + plainBytes + TAG_BYTES * segments;
  }

  /**
   * Encrypts what is written to the result. Closing that writes the last segment and closes {@code
   * sealed}; after a failure what was sealed must be thrown away, because closed it is whole.
   */
  public WritableByteChannel seal(WritableByteChannel sealed) throws IOException {
    try {
      return streaming.newEncryptingChannel(sealed, associatedData);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK encrypts with AES-256-GCM", e);
    }
  }

  /**
   * Opens sealed bytes. Reading bytes a to b of the result reads their segments and once the
   * header; no byte is given out before its segment was authenticated. The result's {@code size()}
   * follows from that of {@code sealed} and is proved when its last byte, or its end, is read: what
   * was cut off at a segment's end shows there. Closing the result closes {@code sealed}, which
   * nobody else may use before.
   *
   * @return a channel to read from, whose reads throw {@link BrokenSealException} for a segment
   *     that is not what was sealed there
   * @throws BrokenSealException when nothing can have been sealed to so many bytes, or to these 56
   */
  public SeekableByteChannel open(SeekableByteChannel sealed) throws IOException {
    requireSealedSize(sealed.size());
    try {
      if (sealed.size() == sealedBytes(0)) {
        requireAuthentic(streaming.newDecryptingChannel(sealed.position(0), associatedData));
      }
      return new OpenedChannel(
          streaming.newSeekableDecryptingChannel(sealed, associatedData), file);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK decrypts with AES-256-GCM", e);
    }
  }

  private void requireSealedSize(long bytes) throws BrokenSealException {
    long plainBytes = bytes - HEADER_BYTES - TAG_BYTES * Math.ceilDiv(bytes, SEGMENT_BYTES);
    if (plainBytes < 0 || sealedBytes(plainBytes) != bytes) {
      throw new BrokenSealException(
          "file " + file + " was cut: no file is sealed to " + bytes + " bytes; fetch it again");
    }
  }

  /** For a file of no bytes, which Tink's random access does not look at (tink-java, issue 79). */
  private void requireAuthentic(ReadableByteChannel nothing) throws IOException {
    ByteBuffer target = ByteBuffer.allocate(1);
    try {
      while (nothing.read(target) >= 0) {}
    } catch (IOException e) {
      throw OpenedChannel.explained(e, file, 0, 0);
    }
  }
}
