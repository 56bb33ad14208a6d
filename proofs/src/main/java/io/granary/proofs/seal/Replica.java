package io.granary.proofs.seal;

import io.granary.proofs.Hash32;
import io.granary.proofs.hash.NodeHasher;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.piece.Chunks;
import io.granary.proofs.piece.Fr32;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.tree.BlockSource;
import io.granary.proofs.tree.CorruptTreeException;
import io.granary.proofs.tree.Opening;
import io.granary.proofs.tree.RangeProof;
import io.granary.proofs.tree.StoredTree;
import io.granary.proofs.tree.StoredTreeWriter;
import io.granary.proofs.tree.SubtreeHasher;
import io.granary.proofs.tree.TreeShape;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A sealed replica on disk with both its trees: opens leaves and gives the raw bytes back. Safe for
 * several threads.
 */
public final class Replica implements AutoCloseable {
  private final Hash32 replicaId;
  private final int profile;
  private final RawSize size;
  private final FileChannel file;
  private final ReplicaFiles files;
  // Opened when first needed: a damaged piece tree must not keep the sealed one from proving.
  private @Nullable StoredTree sealedTree;
  private @Nullable StoredTree pieceTree;

  private Replica(
      Hash32 replicaId, int profile, RawSize size, FileChannel file, ReplicaFiles files) {
    this.replicaId = replicaId;
    this.profile = profile;
    this.size = size;
    this.file = file;
    this.files = files;
  }

  /**
   * Opens the files that {@link Sealer} wrote; a tree is opened when it is first needed.
   *
   * @throws IOException when the replica is missing or of the wrong size
   */
  public static Replica open(Hash32 replicaId, int profile, RawSize size, ReplicaFiles files)
      throws IOException {
    FileChannel file = FileChannel.open(files.replica(), StandardOpenOption.READ);
    try {
      if (file.size() != size.paddedBytes()) {
        throw new IOException(
            files.replica()
                + " has "
                + file.size()
                + " bytes, not "
                + size.paddedBytes()
                + ": the replica is damaged");
      }
      return new Replica(replicaId, profile, size, file, files);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  synchronized StoredTree sealedTree() throws IOException {
    StoredTree tree = sealedTree;
    if (tree == null) {
      tree = openTree(files.sealedTree(), size);
      sealedTree = tree;
    }
    return tree;
  }

  synchronized StoredTree pieceTree() throws IOException {
    StoredTree tree = pieceTree;
    if (tree == null) {
      tree = openTree(files.pieceTree(), size);
      pieceTree = tree;
    }
    return tree;
  }

  private static StoredTree openTree(Path path, RawSize size) throws IOException {
    StoredTree tree;
    try {
      tree = StoredTree.open(path);
    } catch (NoSuchFileException e) {
      throw new CorruptTreeException(path, "is missing; it can be rebuilt from its data");
    }
    if (!tree.shape().equals(size.shape())) {
      tree.close();
      throw new CorruptTreeException(
          path,
          "is a tree over "
              + tree.shape().leafCount()
              + " leaves, not "
              + size.leafCount()
              + ": it belongs to another piece");
    }
    return tree;
  }

  /**
   * Root of the replica as its tree says.
   *
   * @throws IOException when the tree cannot be read
   */
  public Hash32 sealedRoot() throws IOException {
    return sealedTree().root();
  }

  /**
   * Root of the piece as its tree says.
   *
   * @throws IOException when the tree cannot be read
   */
  public Hash32 pieceRoot() throws IOException {
    return pieceTree().root();
  }

  /** Builds the sealed tree anew from the replica's bytes, durably; returns its root. */
  public Hash32 rebuildSealedTree(Path target) throws IOException {
    return rebuild(sealed(), target);
  }

  /** Builds the piece tree anew from the replica's bytes, durably; returns its root. */
  public Hash32 rebuildPieceTree(Path target) throws IOException {
    return rebuild(unsealed(), target);
  }

  private Hash32 rebuild(BlockSource source, Path target) throws IOException {
    TreeShape shape = size.shape();
    int perBlock = 1 << shape.base();
    SubtreeHasher hasher = new SubtreeHasher(NodeHasher.create());
    byte[] leaves = new byte[Chunks.PADDED];
    try (StoredTreeWriter tree = new StoredTreeWriter(target, shape)) {
      for (long first = 0; first < shape.leafCount(); first += Chunks.LEAVES) {
        int count = (int) Math.min(Chunks.LEAVES, shape.leafCount() - first);
        int blocks = (count + perBlock - 1) / perBlock;
        source.read(first, count, leaves);
        // What lies beyond the last leaf is zero in both trees.
        Arrays.fill(leaves, 32 * count, 32 * blocks * perBlock, (byte) 0);
        byte[] roots = hasher.reduce(leaves, 0, blocks * perBlock, shape.base());
        tree.writeBlockRoots(first / perBlock, roots, blocks);
      }
      return tree.finish();
    }
  }

  /** Opens a leaf of the sealed tree. */
  public Opening openSealed(long leaf) throws IOException {
    try {
      return sealedTree().open(leaf, sealed());
    } catch (CorruptTreeException e) {
      throw blame(e, files.sealedTree(), () -> pieceTree().open(leaf, unsealed()));
    }
  }

  private Opening openPiece(long leaf) throws IOException {
    try {
      return pieceTree().open(leaf, unsealed());
    } catch (CorruptTreeException e) {
      throw blame(e, files.pieceTree(), () -> sealedTree().open(leaf, sealed()));
    }
  }

  @FunctionalInterface
  private interface Witness {
    void open() throws IOException;
  }

  /** A block that misses one tree and fits the other is sound: then the tree it misses is not. */
  private static CorruptTreeException blame(CorruptTreeException e, Path tree, Witness otherTree) {
    if (e.tree().isPresent()) {
      return e;
    }
    try {
      otherTree.open();
    } catch (IOException alsoBroken) {
      e.addSuppressed(alsoBroken);
      return e;
    }
    return new CorruptTreeException(
        tree, "is damaged where the replica is not; it can be rebuilt from its data");
  }

  /** Opens a leaf in both trees. */
  public DualOpening openBoth(long leaf) throws IOException {
    return new DualOpening(leaf, openPiece(leaf), openSealed(leaf));
  }

  /** The sealed leaves. */
  public BlockSource sealed() {
    return this::readSealed;
  }

  /** The leaves of the piece. */
  public BlockSource unsealed() {
    return (first, count, target) -> {
      readSealed(first, count, target);
      SealProfile.byId(profile).apply(replicaId, first, target, 0, count);
    };
  }

  private void readSealed(long first, int count, byte[] target) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(target, 0, 32 * count);
    long at = 32 * first;
    while (buffer.hasRemaining()) {
      int n = file.read(buffer, at);
      if (n < 0) {
        throw new EOFException("the replica ends at byte " + at + ": it is damaged");
      }
      at += n;
    }
  }

  /**
   * Raw bytes of whole groups with the proof that ties them to the piece root.
   *
   * @param bytes raw bytes, without the padding of the last group
   * @param proof see {@link RangeProof}
   */
  public record Range(byte[] bytes, byte[] proof) {}

  /**
   * Reads {@code groups} groups of 127 bytes from group {@code firstGroup} on.
   *
   * @throws IllegalArgumentException when they are not all groups of the piece
   * @throws IOException when the replica or its tree cannot be read
   */
  public Range read(long firstGroup, int groups) throws IOException {
    byte[] raw = rawGroups(firstGroup, groups);
    long left = size.bytes() - firstGroup * Fr32.RAW;
    byte[] bytes = left < raw.length ? Arrays.copyOf(raw, (int) left) : raw;
    return new Range(bytes, RangeProof.prove(pieceTree(), unsealed(), 4 * firstGroup, 4 * groups));
  }

  /**
   * Unseals raw bytes {@code [offset, offset + length)}, without a proof.
   *
   * @throws IllegalArgumentException when they are not all bytes of the piece
   * @throws IOException when the replica cannot be read
   */
  public byte[] readRaw(long offset, int length) throws IOException {
    if (offset < 0 || length < 0 || offset > size.bytes() - length) {
      throw new IllegalArgumentException(
          length + " bytes from byte " + offset + " are not within the piece's " + size.bytes());
    }
    if (length == 0) {
      return new byte[0];
    }
    long firstGroup = offset / Fr32.RAW;
    int skip = (int) (offset - firstGroup * Fr32.RAW);
    int groups = Math.toIntExact(((long) skip + length + Fr32.RAW - 1) / Fr32.RAW);
    return Arrays.copyOfRange(rawGroups(firstGroup, groups), skip, skip + length);
  }

  private byte[] rawGroups(long firstGroup, int groups) throws IOException {
    long all = size.leafCount() / 4;
    if (firstGroup < 0 || groups < 1 || firstGroup > all - groups) {
      throw new IllegalArgumentException(
          groups + " groups from group " + firstGroup + " are not within the piece's " + all);
    }
    byte[] leaves = new byte[Math.multiplyExact(groups, Fr32.PADDED)];
    unsealed().read(4 * firstGroup, 4 * groups, leaves);
    byte[] raw = new byte[groups * Fr32.RAW];
    Fr32.unpad(leaves, 0, raw, 0, groups);
    return raw;
  }

  @Override
  public synchronized void close() throws IOException {
    file.close();
    if (sealedTree != null) {
      sealedTree.close();
    }
    if (pieceTree != null) {
      pieceTree.close();
    }
  }
}
