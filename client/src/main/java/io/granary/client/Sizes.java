package io.granary.client;

import io.granary.client.erasure.Striping;
import io.granary.client.vault.FileCipher;
import io.granary.client.vault.SizeClass;
import io.granary.proofs.piece.RawSize;

/** How large what miners store of a file is (docs/file-format.md). */
final class Sizes {
  private Sizes() {}

  /** Bytes that are cut into shards: the file's, or what they are encrypted to. */
  static long stored(long fileBytes, boolean encrypted) {
    return encrypted ? FileCipher.sealedBytes(SizeClass.padded(fileBytes)) : fileBytes;
  }

  /**
   * Bytes of each piece.
   *
   * @throws IllegalArgumentException when no piece can be so small or large
   */
  static RawSize piece(long fileBytes, boolean encrypted, Redundancy redundancy) {
    long stored = stored(fileBytes, encrypted);
    return new RawSize(
        redundancy.data() == 1
            ? stored
            : new Striping(redundancy.data(), redundancy.parity(), stored).shardBytes());
  }
}
