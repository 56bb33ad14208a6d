package io.granary.client.vault;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.BitSet;

/** Seals and opens bytes in memory. */
final class InMemory {
  private InMemory() {}

  static byte[] seal(FileCipher cipher, byte[] plain) {
    ByteArrayOutputStream sealed = new ByteArrayOutputStream();
    try (WritableByteChannel channel = cipher.seal(Channels.newChannel(sealed))) {
      channel.write(ByteBuffer.wrap(plain));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return sealed.toByteArray();
  }

  /** Reads to the end. */
  static byte[] open(FileCipher cipher, byte[] sealed) throws IOException {
    Source source = new Source(sealed, Integer.MAX_VALUE);
    try (SeekableByteChannel channel = cipher.open(source)) {
      ByteBuffer plain = ByteBuffer.allocate(sealed.length);
      while (channel.read(plain) > 0) {}
      assertEquals(-1, channel.read(plain), "the end");
      return Arrays.copyOf(plain.array(), plain.position());
    }
  }

  /** Sealed bytes that know which of them were read. */
  static final class Source implements SeekableByteChannel {
    private final byte[] bytes;
    private final int most;
    private final BitSet touched = new BitSet();
    private int position;
    private boolean open = true;

    /** With the most that one read gives. */
    Source(byte[] bytes, int most) {
      this.bytes = bytes;
      this.most = most;
    }

    BitSet touched() {
      return touched;
    }

    @Override
    public int read(ByteBuffer target) {
      int n = Math.min(Math.min(target.remaining(), bytes.length - position), most);
      if (n == 0 && target.hasRemaining()) {
        return -1;
      }
      target.put(bytes, position, n);
      touched.set(position, position + n);
      position += n;
      return n;
    }

    @Override
    public long position() {
      return position;
    }

    @Override
    public SeekableByteChannel position(long to) {
      position = Math.toIntExact(to);
      return this;
    }

    @Override
    public long size() {
      return bytes.length;
    }

    @Override
    public boolean isOpen() {
      return open;
    }

    @Override
    public void close() {
      open = false;
    }

    @Override
    public int write(ByteBuffer source) {
      throw new NonWritableChannelException();
    }

    @Override
    public SeekableByteChannel truncate(long size) {
      throw new NonWritableChannelException();
    }
  }
}
