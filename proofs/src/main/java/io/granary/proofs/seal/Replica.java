package io.granary.proofs.seal;

import io.granary.proofs.Hash32;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.piece.Fr32;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.tree.BlockSource;
import io.granary.proofs.tree.CorruptTreeException;
import io.granary.proofs.tree.Opening;
import io.granary.proofs.tree.RangeProof;
import io.granary.proofs.tree.StoredTree;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * A sealed replica on disk with both its trees: opens leaves and gives the raw bytes back. Safe for
 * several threads.
 */
public final class Replica implements AutoCloseable {
  private final Hash32 replicaId;
  private final int profile;
  private final RawSize size;
  private final FileChannel file;
  private final StoredTree sealedTree;
  private final StoredTree pieceTree;

  private Replica(
      Hash32 replicaId,
      int profile,
      RawSize size,
      FileChannel file,
      StoredTree sealedTree,
      StoredTree pieceTree) {
    this.replicaId = replicaId;
    this.profile = profile;
    this.size = size;
    this.file = file;
    this.sealedTree = sealedTree;
    this.pieceTree = pieceTree;
  }

  /**
   * Opens the files that {@link Sealer} wrote.
   *
   * @throws IOException when one is missing, half-written or of the wrong size
   */
  public static Replica open(Hash32 replicaId, int profile, RawSize size, ReplicaFiles files)
      throws IOException {
    FileChannel file = FileChannel.open(files.replica(), StandardOpenOption.READ);
    StoredTree sealedTree = null;
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
      sealedTree = openTree(files.sealedTree(), size);
      return new Replica(
          replicaId, profile, size, file, sealedTree, openTree(files.pieceTree(), size));
    } catch (IOException | RuntimeException e) {
      file.close();
      if (sealedTree != null) {
        sealedTree.close();
      }
      throw e;
    }
  }

  private static StoredTree openTree(Path path, RawSize size) throws IOException {
    StoredTree tree = StoredTree.open(path);
    if (!tree.shape().equals(size.shape())) {
      tree.close();
      throw new CorruptTreeException(
          path
              + " is a tree over "
              + tree.shape().leafCount()
              + " leaves, not "
              + size.leafCount()
              + ": it belongs to another piece");
    }
    return tree;
  }

  /** Root of the replica as its tree says. */
  public Hash32 sealedRoot() {
    return sealedTree.root();
  }

  /** Root of the piece as its tree says. */
  public Hash32 pieceRoot() {
    return pieceTree.root();
  }

  /** Opens a leaf of the sealed tree. */
  public Opening openSealed(long leaf) throws IOException {
    return sealedTree.open(leaf, sealed());
  }

  /** Opens a leaf in both trees. */
  public DualOpening openBoth(long leaf) throws IOException {
    return new DualOpening(leaf, pieceTree.open(leaf, unsealed()), openSealed(leaf));
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
    return new Range(bytes, RangeProof.prove(pieceTree, unsealed(), 4 * firstGroup, 4 * groups));
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
  public void close() throws IOException {
    file.close();
    sealedTree.close();
    pieceTree.close();
  }
}
