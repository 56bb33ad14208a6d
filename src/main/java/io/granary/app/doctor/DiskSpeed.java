package io.granary.app.doctor;

import io.granary.proofs.disk.BulkFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;

/**
 * How fast the disk under a folder is, measured with one file past the page cache, as the node
 * itself reads and writes.
 *
 * @param writeBytesPerSecond in one go, the final sync included
 * @param readBytesPerSecond in one go
 * @param sync median of a small write and its sync
 * @param slowRead a block at a random place: slower than this is one in a hundred
 */
record DiskSpeed(
    double writeBytesPerSecond, double readBytesPerSecond, Duration sync, Duration slowRead) {
  /** Size of the file: enough to leave a drive's own buffer behind for a moment. */
  static final int FILE_BYTES = 64 << 20;

  private static final String NAME = "doctor-disk.tmp";
  private static final int CHUNK = 1 << 20;
  private static final int BLOCK = 4 << 10;
  private static final int SYNCS = 16;
  private static final int READS = 200;

  /**
   * Measures; the file is gone afterwards.
   *
   * @param bytes size of the file, a multiple of 1 MiB
   * @throws IOException when the folder cannot be written
   */
  static DiskSpeed measure(Path folder, int bytes) throws IOException {
    Path file = folder.resolve(NAME);
    // What an earlier run left when it was cut off.
    Files.deleteIfExists(file);
    try {
      // Random, because some drives and file systems store what repeats without writing it.
      Random random = new Random();
      ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
      double write;
      double read;
      Duration slowRead;
      try (BulkFile bulk =
          BulkFile.open(
              file,
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE)) {
        long began = System.nanoTime();
        for (long at = 0; at < bytes; at += CHUNK) {
          random.nextBytes(chunk.array());
          bulk.write(chunk.clear(), at);
        }
        bulk.force(true);
        write = rate(bytes, began);
        began = System.nanoTime();
        for (long at = 0; at < bytes; at += CHUNK) {
          bulk.read(chunk.clear(), at);
        }
        read = rate(bytes, began);
        slowRead = slowRead(bulk, bytes / BLOCK, random);
      }
      return new DiskSpeed(write, read, sync(file), slowRead);
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private static double rate(int bytes, long began) {
    return bytes * 1e9 / Math.max(1, System.nanoTime() - began);
  }

  private static Duration slowRead(BulkFile bulk, int blocks, Random random) throws IOException {
    ByteBuffer block = ByteBuffer.allocate(BLOCK);
    long[] nanos = new long[READS];
    for (int i = 0; i < READS; i++) {
      long began = System.nanoTime();
      bulk.read(block.clear(), (long) random.nextInt(blocks) * BLOCK);
      nanos[i] = System.nanoTime() - began;
    }
    Arrays.sort(nanos);
    return Duration.ofNanos(nanos[READS * 99 / 100]);
  }

  private static Duration sync(Path file) throws IOException {
    long[] nanos = new long[SYNCS];
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      for (int i = 0; i < SYNCS; i++) {
        long began = System.nanoTime();
        ByteBuffer block = ByteBuffer.allocate(BLOCK);
        long at = (long) i * BLOCK;
        while (block.hasRemaining()) {
          at += channel.write(block, at);
        }
        channel.force(false);
        nanos[i] = System.nanoTime() - began;
      }
    }
    Arrays.sort(nanos);
    return Duration.ofNanos(nanos[SYNCS / 2]);
  }
}
