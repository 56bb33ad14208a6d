package io.granary.client.vault;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.security.GeneralSecurityException;

/** Tink's channel, which says of a broken segment where it is and what to do. */
final class OpenedChannel implements SeekableByteChannel {
  private final SeekableByteChannel plain;
  private final String file;

  OpenedChannel(SeekableByteChannel plain, String file) {
    this.plain = plain;
    this.file = file;
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    try {
      return plain.read(target);
    } catch (IOException e) {
      if (e.getCause() instanceof GeneralSecurityException) {
        throw new BrokenSealException(
            "file "
                + file
                + " does not open at byte "
                + plain.position()
                + " of "
                + plain.size()
                + ": it was cut or changed there, or sealed under another key; fetch it again",
            e);
      }
      throw e;
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
