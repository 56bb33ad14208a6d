package io.granary.proofs.hash;

/**
 * Hashes tree nodes in bulk: n messages of 64 bytes (left ‖ right) become n nodes of 32 bytes,
 * SHA-256 with the two top bits of the last byte cleared (Protocol §2). Not safe for several
 * threads.
 */
public interface NodeHasher {
  /**
   * Hashes {@code count} messages. Input and output may be the same array as long as {@code
   * outOffset ≤ inOffset}.
   *
   * @param in {@code count·64} bytes from {@code inOffset} on
   * @param out room for {@code count·32} bytes from {@code outOffset} on
   */
  void hash(byte[] in, int inOffset, byte[] out, int outOffset, int count);

  /** One of the engine that is in use, for one thread. */
  static NodeHasher create() {
    return HashEngine.inUse().nodes();
  }
}
