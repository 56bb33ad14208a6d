package io.granary.client.vault;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * How fast a file is sealed and opened in memory, by one thread. Not part of the tests: {@code
 * tools/bench-cipher.sh} runs it, with the file's size in GRANARY_CIPHER_MIB.
 */
class CipherSpeedReport {
  private static final int MIB = 1 << 20;

  /** The first two warm up; of the others the best counts, because the machine does other work. */
  private static final int ROUNDS = 7;

  private static final int WARM = 2;

  /** Takes what is written; there is room for all of it. */
  private record Sink(ByteBuffer bytes) implements WritableByteChannel {
    @Override
    public int write(ByteBuffer source) {
      int n = source.remaining();
      bytes.put(source);
      return n;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  private static void say(String what, long bytes, long nanos) {
    System.out.printf(
        Locale.ROOT, "%-6s %6.3f s  %7.1f MB/s%n", what, nanos / 1e9, bytes * 1e3 / nanos);
  }

  @Test
  void report() throws IOException {
    int mib = Integer.parseInt(System.getenv().getOrDefault("GRANARY_CIPHER_MIB", "256"));
    byte[] chunk = new byte[MIB];
    new Random(1).nextBytes(chunk);
    long plainBytes = (long) mib * MIB;
    byte[] sealed = new byte[Math.toIntExact(FileCipher.sealedBytes(plainBytes))];
    FileCipher cipher = new FileCipher(FileKey.generate(), new byte[32]);
    long sealing = Long.MAX_VALUE;
    long opening = Long.MAX_VALUE;
    for (int round = 0; round < ROUNDS; round++) {
      long began = System.nanoTime();
      try (WritableByteChannel channel = cipher.seal(new Sink(ByteBuffer.wrap(sealed)))) {
        for (int i = 0; i < mib; i++) {
          channel.write(ByteBuffer.wrap(chunk));
        }
      }
      long between = System.nanoTime();
      long read = 0;
      ByteBuffer target = ByteBuffer.allocate(MIB);
      try (SeekableByteChannel channel =
          cipher.open(new InMemory.Source(sealed, Integer.MAX_VALUE))) {
        for (int n = 0; n >= 0; n = channel.read(target.clear())) {
          read += n;
        }
      }
      assertEquals(plainBytes, read);
      if (round >= WARM) {
        sealing = Math.min(sealing, between - began);
        opening = Math.min(opening, System.nanoTime() - between);
      }
    }
    say("seal", plainBytes, sealing);
    say("open", plainBytes, opening);
  }
}
