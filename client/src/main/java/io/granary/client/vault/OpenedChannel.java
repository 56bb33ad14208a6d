package io.granary.client.vault;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.security.GeneralSecurityException;

/**
 * Tink's channel, which tells the end of a file only when that was authenticated, and of a broken
 * segment where it is and what to do.
 */
final class OpenedChannel implements SeekableByteChannel {
  private final SeekableByteChannel plain;
  private final String file;

  OpenedChannel(SeekableByteChannel plain, String file) {
    this.plain = plain;
    this.file = file;
  }

  /** Tells a segment that does not open from a channel that fails. */
  static IOException explained(IOException e, String file, long position, long size) {
    return e.getCause() instanceof GeneralSecurityException
        ? new BrokenSealException(
            "file "
                + file
                + " does not open at byte "
                + position
                + " of "
                + size
                + ": it was cut or changed there, or sealed under another key; fetch it again",
            e)
        : e;
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    try {
      int read = plain.read(target);
      boolean nothingLeft = target.hasRemaining() && plain.position() >= plain.size();
      return read == 0 && nothingLeft && isEndAuthentic() ? -1 : read;
    } catch (IOException e) {
      throw explained(e, file, plain.position(), plain.size());
    }
  }

  /**
   * Opens the last segment, without which Tink answers 0 to any read behind the end (tink-java,
   * issue 79). A file of no bytes was looked at before.
   */
  private boolean isEndAuthentic() throws IOException {
    if (plain.size() == 0) {
      return true;
    }
    long position = plain.position();
    try {
      return plain.position(plain.size() - 1).read(ByteBuffer.allocate(1)) == 1;
    } finally {
      plain.position(position);
    }
  }

  @Override
  public long position() throws IOException {
    return plain.position();
  }

  @Override
  public SeekableByteChannel position(long position) throws IOException {
    if (position < 0) {
      throw new IllegalArgumentException("a position is 0 or more, not " + position);
    }
    plain.position(position);
    return this;
  }

  @Override
  public long size() throws IOException {
    return plain.size();
  }

  @Override
  public int write(ByteBuffer source) {
    throw new NonWritableChannelException();
  }

  @Override
  public SeekableByteChannel truncate(long size) {
    throw new NonWritableChannelException();
  }

  @Override
  public boolean isOpen() {
    return plain.isOpen();
  }

  @Override
  public void close() throws IOException {
    plain.close();
  }
}
