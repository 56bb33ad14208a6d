package io.granary.proofs.seal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.proofs.piece.Chunks;
import io.granary.proofs.piece.RawSize;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sealing that is cut off and goes on: what is kept, what is done again, and that it is right. */
class ResumedSealingTest {
  private static final Hash32 ID = Sha256.hash(new byte[] {7});
  private static final int THREADS = 2;

  /** Ranges of four chunks: what is tested does not depend on their size. */
  private static final int LEVEL = Chunks.LEVEL + 2;

  private static final int CHUNKS = 4;
  private static final long RANGE = (long) CHUNKS * Chunks.RAW;

  /** Three ranges, and something at the end that is none. */
  private static final RawSize SIZE = new RawSize(3 * RANGE + 1_234_567);

  private static SealedPiece wanted;

  @TempDir static Path reference;
  @TempDir Path dir;

  private final Notes notes = new Notes();

  /** Checkpoints in memory, which outlive a sealing as a store does. */
  private static final class Notes implements Checkpoints {
    private final List<SealedRange> ranges = new ArrayList<>();
    private int kept;
    private int spoiled;

    @Override
    public synchronized Collection<SealedRange> taken() {
      return List.copyOf(ranges);
    }

    @Override
    public synchronized void take(SealedRange range) {
      ranges.removeIf(r -> r.index() == range.index());
      ranges.add(range);
    }

    @Override
    public void resuming(int kept, int spoiled) {
      this.kept = kept;
      this.spoiled = spoiled;
    }
  }

  /** Bytes that no two places have in common, without a file of them. */
  private static void bytes(long at, byte[] target, int length) {
    ByteBuffer out = ByteBuffer.wrap(target, 0, length);
    long position = at;
    while (out.hasRemaining()) {
      long word = (position >>> 3) * 0x9E3779B97F4A7C15L;
      out.put((byte) (word >>> (8 * (position & 7))));
      position++;
    }
  }

  @BeforeAll
  static void seal_without_a_break() throws IOException {
    wanted = new Sealer(ID, 1, SIZE).seal(ResumedSealingTest::bytes, files(reference), 2, n -> {});
  }

  private static Sealer sealer() {
    return new Sealer(ID, 1, SIZE, LEVEL, (file, channel) -> channel);
  }

  private static ReplicaFiles files(Path dir) {
    return new ReplicaFiles(dir.resolve("replica"), dir.resolve("sealed"), dir.resolve("piece"));
  }

  private ReplicaFiles files() {
    return files(dir);
  }

  private static RawSource until(long end) {
    return (at, target, length) -> {
      if (at + length > end) {
        throw new IOException("the process is killed");
      }
      bytes(at, target, length);
    };
  }

  private void sealUntil(long end) {
    assertThrows(
        IOException.class, () -> sealer().seal(until(end), files(), THREADS, notes, n -> {}));
  }

  /** Seals what is left, and returns the raw bytes that it read for that. */
  private long goOn() throws IOException {
    AtomicLong read = new AtomicLong();
    SealedPiece sealed =
        sealer()
            .seal(
                (at, target, length) -> {
                  read.addAndGet(length);
                  bytes(at, target, length);
                },
                files(),
                THREADS,
                notes,
                n -> {});
    requireRight(sealed);
    return read.get();
  }

  private void requireRight(SealedPiece sealed) throws IOException {
    assertEquals(wanted, sealed);
    assertEquals(-1, Files.mismatch(files(reference).replica(), files().replica()));
    assertEquals(-1, Files.mismatch(files(reference).sealedTree(), files().sealedTree()));
    assertEquals(-1, Files.mismatch(files(reference).pieceTree(), files().pieceTree()));
  }

  @Test
  void what_is_durable_is_not_sealed_again() throws IOException {
    sealUntil(2 * RANGE + RANGE / 2);
    assertEquals(2, notes.ranges.size());
    assertEquals(SIZE.bytes() - 2 * RANGE, goOn());
    assertEquals(2, notes.kept);
    assertEquals(0, notes.spoiled);
    assertEquals(3, notes.ranges.size());
  }

  @Test
  void the_ranges_of_a_miner_are_64_MiB() throws IOException {
    RawSize size = new RawSize(2 * SealedRange.RAW + 1);
    Sealer sealer = new Sealer(ID, 1, size);
    assertThrows(
        IOException.class,
        () -> sealer.seal(until(2 * SealedRange.RAW), files(), THREADS, notes, n -> {}));
    assertEquals(List.of(0L, 1L), notes.ranges.stream().map(SealedRange::index).toList());
    assertEquals(128L << 20, 2 * SealedRange.RAW / 127 * 128);
    sealer.seal(ResumedSealingTest::bytes, files(), THREADS, notes, n -> {});
    assertEquals(2, notes.kept);
  }

  @Test
  void a_sealing_that_was_cut_off_before_its_end_only_ends() throws IOException {
    sealUntil(3 * RANGE);
    assertEquals(SIZE.bytes() - 3 * RANGE, goOn());
    assertEquals(SIZE.bytes() - 3 * RANGE, goOn(), "and so does one that was finished");
  }

  private static void flip(Path file, long at) throws IOException {
    try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
      f.seek(at);
      int b = f.read();
      f.seek(at);
      f.write(b ^ 1);
    }
  }

  @Test
  void a_range_that_changed_on_the_disk_is_sealed_again_and_no_other() throws IOException {
    sealUntil(3 * RANGE);
    flip(files().replica(), CHUNKS * (1L << 20) + 12_345);
    assertEquals(SIZE.bytes() - 2 * RANGE, goOn());
    assertEquals(2, notes.kept);
    assertEquals(1, notes.spoiled);
  }

  @Test
  void a_block_root_that_changed_in_either_tree_is_noticed() throws IOException {
    sealUntil(3 * RANGE);
    flip(files().sealedTree(), 64 + 32L * (CHUNKS << 8) + 100);
    flip(files().pieceTree(), 64 + 32L * (2 * CHUNKS << 8) + 100);
    assertEquals(SIZE.bytes() - RANGE, goOn());
    assertEquals(1, notes.kept);
  }

  @Test
  void files_that_are_lost_or_cut_short_are_sealed_again() throws IOException {
    sealUntil(3 * RANGE);
    Files.delete(files().sealedTree());
    assertEquals(SIZE.bytes(), goOn());
    assertEquals(3, notes.spoiled);
    try (RandomAccessFile f = new RandomAccessFile(files().replica().toFile(), "rw")) {
      f.setLength(CHUNKS + 1L << 20);
    }
    assertEquals(SIZE.bytes() - RANGE, goOn());
  }

  @Test
  void notes_of_another_replica_are_not_believed() throws IOException {
    sealUntil(3 * RANGE);
    SealedRange other = notes.ranges.getFirst();
    notes.take(new SealedRange(1, other.sum(), other.sealedRoot(), other.pieceRoot()));
    notes.ranges.add(new SealedRange(-1, 0, ID, notes.ranges.getFirst().pieceRoot()));
    notes.ranges.add(new SealedRange(3, 0, ID, notes.ranges.getFirst().pieceRoot()));
    assertEquals(SIZE.bytes() - 2 * RANGE, goOn());
  }

  @Test
  void with_a_stored_piece_tree_only_the_sealed_one_is_resumed() throws IOException {
    Files.copy(files(reference).pieceTree(), files().pieceTree());
    assertThrows(
        IOException.class,
        () -> sealer().sealWithPieceTree(until(2 * RANGE), files(), THREADS, notes, n -> {}));
    assertEquals(2, notes.ranges.size());
    assertTrue(notes.ranges.stream().allMatch(r -> r.pieceRoot().isEmpty()));
    AtomicLong read = new AtomicLong();
    requireRight(
        sealer()
            .sealWithPieceTree(
                (at, target, length) -> {
                  read.addAndGet(length);
                  bytes(at, target, length);
                },
                files(),
                THREADS,
                notes,
                n -> {}));
    assertEquals(SIZE.bytes() - 2 * RANGE, read.get());
    // Without that tree nothing of it is known, so nothing can be kept.
    Files.delete(files().pieceTree());
    notes.ranges.removeIf(r -> r.index() == 2);
    assertEquals(SIZE.bytes(), goOn());
  }

  @Test
  void a_note_that_cannot_be_taken_ends_the_sealing() {
    Checkpoints full =
        new Checkpoints() {
          @Override
          public Collection<SealedRange> taken() {
            return List.of();
          }

          @Override
          public void take(SealedRange range) throws IOException {
            throw new IOException("No space left on device");
          }

          @Override
          public void resuming(int kept, int spoiled) {
            throw new AssertionError();
          }
        };
    IOException e =
        assertThrows(
            IOException.class,
            () -> sealer().seal(ResumedSealingTest::bytes, files(), THREADS, full, n -> {}));
    assertEquals("No space left on device", e.getMessage());
  }

  /** Each write of a chunk is three: a few of the replica's are kept, and none of it is ordered. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void power_that_fails_at_any_moment_loses_two_ranges_at_most(long seed) throws IOException {
    Random random = new Random(seed);
    UnsyncedChannel.Disk disk = new UnsyncedChannel.Disk();
    Sealer sealer = new Sealer(ID, 1, SIZE, LEVEL, disk::of);
    AtomicLong farthest = new AtomicLong();
    for (int failure = 0; failure < 2; failure++) {
      disk.failAfter(1 + random.nextInt(40));
      try {
        sealer.seal(
            ResumedSealingTest::bytes,
            files(),
            THREADS,
            notes,
            n -> farthest.set(Math.max(n, farthest.get())));
      } catch (IOException e) {
        assertTrue(String.valueOf(e.getMessage()).contains("power"), String.valueOf(e));
      }
      disk.comeBack(random);
    }
    goOn();
    assertEquals(0, notes.spoiled, "what was noted was durable, seed " + seed);
    long again = farthest.get() - notes.kept * RANGE;
    assertTrue(again <= 2 * RANGE, again + " bytes are sealed again with seed " + seed);
  }
}
