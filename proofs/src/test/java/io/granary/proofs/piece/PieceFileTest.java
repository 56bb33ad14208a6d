package io.granary.proofs.piece;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.granary.proofs.NaiveTree;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files on several threads, streams in constant memory, and workers that stop together. */
class PieceFileTest {
  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(
      ints = {
        0,
        1,
        127,
        128,
        5_000,
        Chunks.RAW - 1,
        Chunks.RAW,
        Chunks.RAW + 1,
        5 * Chunks.RAW + 9
      })
  void a_file_has_the_commitment_of_its_stream(int size) throws IOException {
    byte[] raw = NaiveTree.random(size, size);
    Path file = Files.write(dir.resolve("raw"), raw);
    PieceHasher hasher = new PieceHasher();
    hasher.update(ByteBuffer.wrap(raw));
    PieceCommitment wanted = hasher.finish();
    for (int threads = 1; threads <= 3; threads++) {
      assertEquals(wanted, PieceFile.commit(file, threads));
    }
  }

  /** A quarter of a GiB streams through, and all that is ever allocated fits 8 MiB. */
  @Test
  void a_long_stream_takes_constant_memory() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    byte[] part = NaiveTree.random(1 << 20, 1);
    PieceHasher hasher = new PieceHasher();
    hasher.update(part, 0, part.length);
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 1; i < 256; i++) {
      hasher.update(part, 0, part.length);
    }
    PieceCommitment piece = hasher.finish();
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    assertEquals(256L << 20, piece.rawBytes());
    assertTrue(allocated < 8 << 20, "allocated bytes: " + allocated);
  }

  @Test
  void a_finished_hasher_refuses_more() {
    PieceHasher hasher = new PieceHasher();
    hasher.update(new byte[10], 0, 10);
    hasher.finish();
    assertThrows(IllegalStateException.class, hasher::finish);
    assertThrows(IllegalStateException.class, () -> hasher.update(new byte[1], 0, 1));
    assertThrows(
        IndexOutOfBoundsException.class, () -> new PieceHasher().update(new byte[4], 2, 3));
  }

  @Test
  void the_first_failure_stops_all_threads() {
    AtomicInteger begun = new AtomicInteger();
    IOException failure =
        assertThrows(
            IOException.class,
            () ->
                ChunkWorkers.run(
                    2,
                    1_000_000_000L,
                    () ->
                        chunk -> {
                          if (begun.incrementAndGet() == 100) {
                            throw new IOException("disk full");
                          }
                        }));
    assertEquals("disk full", failure.getMessage());
    assertThrows(
        IllegalStateException.class,
        () ->
            ChunkWorkers.run(
                2,
                10,
                () ->
                    chunk -> {
                      throw new IllegalStateException("broken");
                    }));
    assertThrows(IllegalArgumentException.class, () -> ChunkWorkers.run(0, 1, () -> chunk -> {}));
  }
}
