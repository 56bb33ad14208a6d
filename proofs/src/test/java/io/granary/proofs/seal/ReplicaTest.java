package io.granary.proofs.seal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.proofs.Hash32;
import io.granary.proofs.NaiveTree;
import io.granary.proofs.Sha256;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.opening.DualVerifier;
import io.granary.proofs.piece.Chunks;
import io.granary.proofs.piece.Fr32;
import io.granary.proofs.piece.PieceHasher;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.tree.Opening;
import io.granary.proofs.tree.RangeProof;
import io.granary.proofs.tree.StoredTree;
import io.granary.proofs.tree.StoredTreeWriter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Sealing, stored trees, openings and range proofs against the naive reference, and what damage
 * does.
 */
class ReplicaTest {
  private static final Hash32 ID = Sha256.hash(new byte[] {9});

  @TempDir Path dir;

  private ReplicaFiles files() {
    return new ReplicaFiles(dir.resolve("replica"), dir.resolve("sealed"), dir.resolve("piece"));
  }

  private SealedPiece seal(byte[] raw) throws IOException {
    return new Sealer(ID, 1, new RawSize(raw.length))
        .seal(
            (at, target, n) -> System.arraycopy(raw, (int) at, target, 0, n),
            files(),
            2,
            done -> {});
  }

  private static List<byte[]> sealedLeaves(byte[] raw) {
    List<byte[]> sealed = new ArrayList<>();
    List<byte[]> leaves = NaiveTree.leaves(raw);
    for (int i = 0; i < leaves.size(); i++) {
      byte[] mask = Sha256.hash(ID.bytes(), ByteBuffer.allocate(8).putLong(i).array()).bytes();
      byte[] leaf = leaves.get(i).clone();
      for (int b = 0; b < 32; b++) {
        leaf[b] ^= mask[b];
      }
      sealed.add(leaf);
    }
    return sealed;
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        1,
        126,
        127,
        128,
        254,
        255,
        1000,
        4064,
        4065,
        8128,
        30_000,
        Chunks.RAW - 1,
        Chunks.RAW,
        Chunks.RAW + 1
      })
  void roots_and_openings_agree_with_the_naive_reference(int size) throws IOException {
    byte[] raw = NaiveTree.random(size, size);
    SealedPiece sealed = seal(raw);
    List<byte[]> leaves = NaiveTree.leaves(raw);
    List<byte[]> masked = sealedLeaves(raw);
    assertEquals(NaiveTree.root(leaves), sealed.pieceRoot());
    assertEquals(NaiveTree.root(masked), sealed.sealedRoot());
    RawSize rawSize = new RawSize(size);
    DualVerifier verifier =
        new DualVerifier(ID, 1, sealed.pieceRoot(), sealed.sealedRoot(), rawSize.leafCount());
    try (Replica replica = Replica.open(ID, 1, rawSize, files())) {
      for (long leaf : new long[] {0, 1, leaves.size() / 2, leaves.size() - 1}) {
        DualOpening both = replica.openBoth(leaf);
        if (size < 50_000) {
          assertArrayEquals(NaiveTree.opening(masked, leaf), both.sealed().packed());
          assertArrayEquals(NaiveTree.opening(leaves, leaf), both.piece().packed());
        }
        assertInstanceOf(
            DualVerifier.Verdict.Ok.class, verifier.verify(List.of(leaf), List.of(both)));
      }
      assertThrows(IllegalArgumentException.class, () -> replica.openSealed(leaves.size()));
    }
  }

  @Test
  void any_changed_byte_of_an_opening_is_found() throws IOException {
    byte[] raw = NaiveTree.random(700, 3);
    SealedPiece sealed = seal(raw);
    RawSize size = new RawSize(raw.length);
    try (Replica replica = Replica.open(ID, 1, size, files())) {
      byte[] packed = replica.openSealed(5).packed();
      for (int i = 0; i < packed.length; i++) {
        byte[] changed = packed.clone();
        changed[i] ^= 1;
        assertFalse(
            Opening.of(changed).opens(sealed.sealedRoot(), 5, size.leafCount()), "byte " + i);
      }
      assertFalse(Opening.of(packed).opens(sealed.sealedRoot(), 6, size.leafCount()));
      assertFalse(
          Opening.of(Arrays.copyOf(packed, packed.length - 32))
              .opens(sealed.sealedRoot(), 5, size.leafCount()));
      assertFalse(
          Opening.of(packed).opens(sealed.sealedRoot(), size.leafCount(), size.leafCount()),
          "padding is never opened");
      DualVerifier other =
          new DualVerifier(
              Sha256.hash(new byte[] {8}),
              1,
              sealed.pieceRoot(),
              sealed.sealedRoot(),
              size.leafCount());
      assertInstanceOf(
          DualVerifier.Verdict.Wrong.class,
          other.verify(List.of(5L), List.of(replica.openBoth(5))),
          "another deal's mask");
      DualVerifier own =
          new DualVerifier(ID, 1, sealed.pieceRoot(), sealed.sealedRoot(), size.leafCount());
      assertInstanceOf(
          DualVerifier.Verdict.Wrong.class,
          own.verify(List.of(4L), List.of(replica.openBoth(5))),
          "another position");
      assertInstanceOf(
          DualVerifier.Verdict.Wrong.class,
          own.verify(List.of(5L, 6L), List.of(replica.openBoth(5))),
          "too few");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 127, 500, 4065, 20_000})
  void every_range_comes_back_with_a_proof_and_a_changed_byte_is_found(int bytes)
      throws IOException {
    byte[] raw = NaiveTree.random(bytes, 4);
    SealedPiece sealed = seal(raw);
    RawSize size = new RawSize(raw.length);
    int groups = (bytes + 126) / 127;
    try (Replica replica = Replica.open(ID, 1, size, files())) {
      for (int first = 0; first < groups; first += Math.max(1, groups / 7)) {
        int count = Math.min(groups - first, 1 + first % 5);
        Replica.Range range = replica.read(first, count);
        byte[] expected =
            Arrays.copyOfRange(raw, first * 127, Math.min(bytes, (first + count) * 127));
        assertArrayEquals(expected, range.bytes());
        byte[] leaves = new byte[count * 128];
        Fr32.pad(Arrays.copyOf(range.bytes(), count * 127), 0, leaves, 0, count);
        assertTrue(
            RangeProof.verify(sealed.pieceRoot(), size.shape(), 4L * first, leaves, range.proof()));
        leaves[leaves.length / 2] ^= 1;
        assertFalse(
            RangeProof.verify(sealed.pieceRoot(), size.shape(), 4L * first, leaves, range.proof()));
        leaves[leaves.length / 2] ^= 1;
        byte[] longer = Arrays.copyOf(range.proof(), range.proof().length + 32);
        assertFalse(
            RangeProof.verify(sealed.pieceRoot(), size.shape(), 4L * first, leaves, longer));
        assertFalse(
            RangeProof.verify(
                sealed.pieceRoot(),
                size.shape(),
                4L * first + size.leafCount(),
                leaves,
                range.proof()));
      }
    }
  }

  @Test
  void a_piece_tree_stored_on_the_way_serves_the_sealer() throws IOException {
    byte[] raw = NaiveTree.random(2 * Chunks.RAW + 12_345, 5);
    SealedPiece whole = seal(raw);
    byte[] wanted = Files.readAllBytes(files().pieceTree());
    Files.delete(files().pieceTree());
    RawSize size = new RawSize(raw.length);
    try (StoredTreeWriter tree = new StoredTreeWriter(files().pieceTree(), size.shape())) {
      PieceHasher hasher =
          new PieceHasher(
              (first, roots, count) -> {
                try {
                  tree.writeBlockRoots(first, roots, count);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      hasher.update(raw, 0, raw.length);
      assertEquals(whole.pieceRoot(), hasher.finish().root());
      assertEquals(whole.pieceRoot(), tree.finish());
    }
    assertArrayEquals(wanted, Files.readAllBytes(files().pieceTree()));
    SealedPiece again =
        new Sealer(ID, 1, size)
            .sealWithPieceTree(
                (at, target, n) -> System.arraycopy(raw, (int) at, target, 0, n),
                files(),
                2,
                Checkpoints.none(),
                done -> {});
    assertEquals(whole, again);
  }

  @Test
  void trees_are_small_and_damage_is_noticed() throws IOException {
    byte[] raw = NaiveTree.random(3 * Chunks.RAW, 6);
    seal(raw);
    RawSize size = new RawSize(raw.length);
    assertTrue(
        StoredTree.fileSize(size.shape()) * 100 <= size.paddedBytes() * 2,
        "at most 2 % of the replica");
    assertEquals(StoredTree.fileSize(size.shape()), Files.size(files().sealedTree()));
    try (RandomAccessFile tree = new RandomAccessFile(files().sealedTree().toFile(), "rw")) {
      tree.setLength(tree.length() - 1);
    }
    assertThrows(IOException.class, () -> StoredTree.open(files().sealedTree()).close());
    try (RandomAccessFile tree = new RandomAccessFile(files().pieceTree().toFile(), "rw")) {
      tree.write(0);
    }
    assertThrows(IOException.class, () -> StoredTree.open(files().pieceTree()).close());
    try (RandomAccessFile replica = new RandomAccessFile(files().replica().toFile(), "rw")) {
      replica.setLength(10);
    }
    assertThrows(IOException.class, () -> Replica.open(ID, 1, size, files()).close());
  }
}
