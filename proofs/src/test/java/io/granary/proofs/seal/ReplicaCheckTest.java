package io.granary.proofs.seal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.proofs.piece.Chunks;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.seal.ReplicaCheck.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What is wrong is told apart: bytes, sealed tree, piece tree; and mended bytes are the old ones.
 */
class ReplicaCheckTest {
  private static final Hash32 ID = Sha256.hash(new byte[] {7});

  @TempDir Path dir;
  private byte[] raw = new byte[0];
  private ReplicaFiles files = new ReplicaFiles(Path.of("x"), Path.of("x"), Path.of("x"));
  private SealedPiece sealed = new SealedPiece(Hash32.ZERO, Hash32.ZERO);

  private void seal(int bytes) throws IOException {
    raw = new byte[bytes];
    new Random(bytes).nextBytes(raw);
    files = new ReplicaFiles(dir.resolve("replica"), dir.resolve("sealed"), dir.resolve("piece"));
    sealed =
        new Sealer(ID, 1, new RawSize(bytes))
            .seal(
                (at, target, n) -> System.arraycopy(raw, (int) at, target, 0, n),
                files,
                2,
                done -> {});
  }

  private ReplicaCheck open() throws IOException {
    return new ReplicaCheck(
        ID, 1, new RawSize(raw.length), files, sealed.sealedRoot(), sealed.pieceRoot());
  }

  private byte[] chunk(long chunk) {
    int from = (int) ReplicaCheck.offset(chunk);
    return Arrays.copyOfRange(raw, from, Math.min(raw.length, from + Chunks.RAW));
  }

  private static void flip(Path file, int at) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[at] ^= 1;
    Files.write(file, bytes);
  }

  private void expect(ReplicaCheck check, Verdict verdict) {
    long chunks = ReplicaCheck.chunks(new RawSize(raw.length));
    LongStream.range(0, chunks).forEach(c -> assertEquals(verdict, check.check(c), "chunk " + c));
  }

  @ParameterizedTest
  @ValueSource(
      ints = {1, 127, 128, 5_000, Chunks.RAW - 1, Chunks.RAW, Chunks.RAW + 1, 2 * Chunks.RAW + 999})
  void a_whole_replica_is_sound(int bytes) throws IOException {
    seal(bytes);
    try (ReplicaCheck check = open()) {
      expect(check, Verdict.SOUND);
      assertTrue(check.isWhole(dir.resolve("fresh")));
      assertArrayEquals(
          Files.readAllBytes(files.sealedTree()), Files.readAllBytes(dir.resolve("fresh")));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 400, Chunks.RAW, 2 * Chunks.RAW + 999})
  void a_flipped_bit_is_found_in_its_chunk_and_mended(int bytes) throws IOException {
    seal(bytes);
    byte[] before = Files.readAllBytes(files.replica());
    Random random = new Random(4);
    for (int i = 0; i < 8; i++) {
      int at = random.nextInt(before.length);
      flip(files.replica(), at);
      try (ReplicaCheck check = open()) {
        long hit = at / Chunks.PADDED;
        for (long c = 0; c < ReplicaCheck.chunks(new RawSize(bytes)); c++) {
          assertEquals(c == hit ? Verdict.DAMAGED : Verdict.SOUND, check.check(c), "byte " + at);
        }
        assertFalse(check.isWhole(dir.resolve("fresh")));
        check.mend(hit, chunk(hit));
        expect(check, Verdict.SOUND);
      }
      assertArrayEquals(before, Files.readAllBytes(files.replica()));
    }
  }

  @Test
  void a_tree_at_fault_is_told_from_bytes_at_fault() throws IOException {
    seal(2 * Chunks.RAW);
    byte[] good = Files.readAllBytes(files.sealedTree());
    Files.delete(files.sealedTree());
    try (ReplicaCheck check = open()) {
      expect(check, Verdict.SEALED_TREE_WRONG);
    }
    Files.write(files.sealedTree(), good);
    Files.write(files.pieceTree(), new byte[10]);
    try (ReplicaCheck check = open()) {
      expect(check, Verdict.PIECE_TREE_WRONG);
      assertTrue(check.rebuildPieceTree(dir.resolve("fresh")));
    }
    Files.delete(files.sealedTree());
    try (ReplicaCheck check = open()) {
      // Without a witness nothing can be said of a chunk, but of the whole.
      expect(check, Verdict.DAMAGED);
      assertTrue(check.isWhole(dir.resolve("fresh-sealed")));
    }
  }

  @Test
  void a_replica_that_is_missing_or_cut_off_is_no_replica() throws IOException {
    seal(1_000);
    byte[] bytes = Files.readAllBytes(files.replica());
    Files.write(files.replica(), Arrays.copyOf(bytes, bytes.length - 1));
    assertThrows(IOException.class, this::open);
    Files.delete(files.replica());
    assertThrows(IOException.class, this::open);
  }

  @Test
  void what_is_no_chunk_is_refused() throws IOException {
    seal(1_000);
    try (ReplicaCheck check = open()) {
      assertThrows(IllegalArgumentException.class, () -> check.check(-1));
      assertThrows(IllegalArgumentException.class, () -> check.check(1));
      assertThrows(IllegalArgumentException.class, () -> check.mend(0, new byte[999]));
    }
  }
}
