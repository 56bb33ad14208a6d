package io.granary.proofs.seal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.granary.proofs.Hash32;
import io.granary.proofs.NaiveTree;
import io.granary.proofs.Sha256;
import io.granary.proofs.piece.Chunks;
import io.granary.proofs.piece.RawSize;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Any range of raw bytes comes back from a replica, and a mask undoes itself. */
class ReadRawProperties {
  private static final Hash32 ID = Sha256.hash(new byte[] {5});
  private static final byte[] RAW = NaiveTree.random(Chunks.RAW + 54_321, 5);
  private static final RawSize SIZE = new RawSize(RAW.length);
  private static Path dir = Path.of("");

  private static ReplicaFiles files() {
    return new ReplicaFiles(dir.resolve("replica"), dir.resolve("sealed"), dir.resolve("piece"));
  }

  @BeforeContainer
  static void seal() throws IOException {
    dir = Files.createTempDirectory("granary-replica");
    new Sealer(ID, SealProfile.STREAM, SIZE)
        .seal(
            (at, target, n) -> System.arraycopy(RAW, (int) at, target, 0, n), files(), 2, n -> {});
  }

  @AfterContainer
  static void clean() throws IOException {
    for (Path file :
        new Path[] {files().replica(), files().sealedTree(), files().pieceTree(), dir}) {
      Files.delete(file);
    }
  }

  @Property(tries = 150)
  void any_range_is_the_bytes_that_went_in(
      @ForAll @IntRange(max = Chunks.RAW + 54_321) int offset,
      @ForAll @IntRange(max = 3_000) int wanted)
      throws IOException {
    int length = Math.min(wanted, RAW.length - offset);
    try (Replica replica = Replica.open(ID, SealProfile.STREAM, SIZE, files())) {
      assertArrayEquals(
          Arrays.copyOfRange(RAW, offset, offset + length), replica.readRaw(offset, length));
      assertThrows(
          IllegalArgumentException.class, () -> replica.readRaw(offset, RAW.length - offset + 1));
      assertThrows(IllegalArgumentException.class, () -> replica.readRaw(-1, 1));
      assertThrows(IllegalArgumentException.class, () -> replica.readRaw(Long.MAX_VALUE, 1));
      assertThrows(IllegalArgumentException.class, () -> replica.read(Long.MAX_VALUE, 1));
      assertThrows(IllegalArgumentException.class, () -> replica.read(0, 0));
    }
  }

  @Property(tries = 100)
  void a_mask_is_the_protocol_s_and_undoes_itself(
      @ForAll @IntRange(min = 1, max = 50) int count, @ForAll @IntRange(max = 1 << 30) int at) {
    long first = 4L * at;
    SealProfile seal = SealProfile.byId(SealProfile.STREAM);
    byte[] leaves = NaiveTree.random(32 * count, first);
    byte[] work = leaves.clone();
    seal.apply(ID, first, work, 0, count);
    byte[] mask =
        Sha256.hash(ID.bytes(), ByteBuffer.allocate(8).putLong(first + count - 1).array()).bytes();
    assertArrayEquals(mask, seal.mask(ID, first + count - 1));
    for (int b = 0; b < 32; b++) {
      int i = 32 * (count - 1) + b;
      assertEquals((byte) (leaves[i] ^ mask[b]), work[i]);
    }
    assertFalse(Arrays.equals(leaves, work));
    seal.apply(ID, first, work, 0, count);
    assertArrayEquals(leaves, work);
  }

  @Property(tries = 1)
  void a_tree_of_another_piece_and_a_failing_source_are_told() throws IOException {
    RawSize smaller = new RawSize(RAW.length - 127);
    assertThrows(
        IOException.class, () -> Replica.open(ID, SealProfile.STREAM, smaller, files()).close());
    ReplicaFiles elsewhere =
        new ReplicaFiles(dir.resolve("r2"), dir.resolve("s2"), dir.resolve("p2"));
    RawSource broken =
        (at, target, n) -> {
          throw new IOException("disk gone");
        };
    assertEquals(
        "disk gone",
        assertThrows(
                IOException.class,
                () -> new Sealer(ID, SealProfile.STREAM, SIZE).seal(broken, elsewhere, 2, n -> {}))
            .getMessage());
    assertThrows(
        IOException.class,
        () -> Replica.open(ID, SealProfile.STREAM, SIZE, elsewhere).close(),
        "what a failed seal leaves is no replica");
    for (Path file :
        new Path[] {elsewhere.replica(), elsewhere.sealedTree(), elsewhere.pieceTree()}) {
      Files.deleteIfExists(file);
    }
    assertThrows(IllegalArgumentException.class, () -> SealProfile.byId(2));
  }
}
