package io.granary.proofs.seal;

import java.io.IOException;

/** Random access to the raw bytes of a piece; safe for several threads. */
@FunctionalInterface
public interface RawSource {
  /**
   * Reads exactly {@code length} bytes from byte {@code position} of the piece.
   *
   * @throws IOException when the piece cannot be read or is shorter
   */
  void read(long position, byte[] target, int length) throws IOException;
}
