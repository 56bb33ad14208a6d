package io.granary.client;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;

/** Bytes that go from one place to another. */
final class Bytes {
  private static final int BUFFER = 1 << 20;

  private Bytes() {}

  /** Takes all that remains of a buffer. */
  @FunctionalInterface
  interface Sink {
    void take(ByteBuffer bytes) throws IOException;
  }

  /** Writes all that remains of a buffer. */
  static void write(WritableByteChannel to, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      to.write(bytes);
    }
  }

  /**
   * Copies so many bytes from the beginning.
   *
   * @throws IOException when there are fewer
   */
  static void copy(SeekableByteChannel from, long bytes, Sink to) throws IOException {
    from.position(0);
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    for (long at = 0; at < bytes; ) {
      buffer.clear().limit((int) Math.min(BUFFER, bytes - at));
      int read = from.read(buffer);
      if (read < 0) {
        throw new IOException("it ends at byte " + at + " of " + bytes);
      }
      at += read;
      to.take(buffer.flip());
    }
  }
}
