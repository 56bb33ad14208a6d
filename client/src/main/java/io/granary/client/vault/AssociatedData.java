package io.granary.client.vault;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** What sealed bytes are bound to: their kind with its version, and the file they belong to. */
final class AssociatedData {
  private AssociatedData() {}

  /**
   * The kind's name in ASCII, then the id.
   *
   * @param fileId 16 or 32 bytes
   */
  static byte[] of(String kind, byte[] fileId) {
    if (fileId.length != 16 && fileId.length != 32) {
      throw new IllegalArgumentException(
          "a file's id has 16 or 32 bytes, not "
              + fileId.length
              + ": "
              + HexFormat.of().formatHex(fileId));
    }
    byte[] name = kind.getBytes(StandardCharsets.US_ASCII);
    byte[] data = new byte[name.length + fileId.length];
    System.arraycopy(name, 0, data, 0, name.length);
    System.arraycopy(fileId, 0, data, name.length, fileId.length);
    return data;
  }
}
