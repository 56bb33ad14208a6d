package io.granary.proofs.seal;

import io.granary.proofs.Hash32;
import io.granary.proofs.piece.Chunks;
import io.granary.proofs.piece.Fr32;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.tree.BlockSource;
import io.granary.proofs.tree.RangeProof;
import io.granary.proofs.tree.StoredTree;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * Finds what is wrong with a replica, chunk by chunk, and puts right bytes in the place of wrong
 * ones. Each chunk is checked by two witnesses: the sealed tree against the sealed root, and the
 * piece tree against the piece root. Safe for several threads that look at different chunks.
 */
public final class ReplicaCheck implements AutoCloseable {
  /** How one chunk is. */
  public enum Verdict {
    /** It leads to both roots. */
    SOUND,
    /** Its bytes are right, and the sealed tree's file is not; that can be rebuilt. */
    SEALED_TREE_WRONG,
    /** Its bytes are right, and the piece tree's file is not; that can be rebuilt. */
    PIECE_TREE_WRONG,
    /**
     * Neither tree vouches for it: its bytes are wrong or cannot be read, or both trees are wrong.
     */
    DAMAGED
  }

  private final Replica replica;
  private final ReplicaFiles files;
  private final Hash32 replicaId;
  private final int profile;
  private final RawSize size;
  private final Hash32 sealedRoot;
  private final Hash32 pieceRoot;

  /**
   * Opens a replica.
   *
   * @param sealedRoot what the deal was made with
   * @param pieceRoot what the deal was made with
   * @throws IOException when the replica's file is missing or of the wrong size: then only sealing
   *     anew helps
   */
  public ReplicaCheck(
      Hash32 replicaId,
      int profile,
      RawSize size,
      ReplicaFiles files,
      Hash32 sealedRoot,
      Hash32 pieceRoot)
      throws IOException {
    this.replica = Replica.open(replicaId, profile, size, files);
    this.files = files;
    this.replicaId = replicaId;
    this.profile = profile;
    this.size = size;
    this.sealedRoot = sealedRoot;
    this.pieceRoot = pieceRoot;
  }

  /** How many chunks a piece has. */
  public static long chunks(RawSize size) {
    return (size.leafCount() + Chunks.LEAVES - 1) / Chunks.LEAVES;
  }

  /** Raw bytes that lie before a chunk. */
  public static long offset(long chunk) {
    return chunk * Chunks.RAW;
  }

  /** Raw bytes of a chunk; the last has fewer than others. */
  public int rawBytes(long chunk) {
    return (int) Math.min(Chunks.RAW, size.bytes() - offset(chunk));
  }

  private int leaves(long chunk) {
    return (int) Math.min(Chunks.LEAVES, size.leafCount() - chunk * Chunks.LEAVES);
  }

  /**
   * Reads a chunk and checks it.
   *
   * @throws IllegalArgumentException when the piece has no such chunk
   */
  public Verdict check(long chunk) {
    if (chunk < 0 || chunk >= chunks(size)) {
      throw new IllegalArgumentException(
          "chunk " + chunk + " is not one of the piece's " + chunks(size));
    }
    long first = chunk * Chunks.LEAVES;
    int count = leaves(chunk);
    byte[] leaves = new byte[32 * count];
    try {
      replica.sealed().read(first, count, leaves);
    } catch (IOException e) {
      // The disk does not give it: whatever the reason, these bytes are needed anew.
      return Verdict.DAMAGED;
    }
    boolean isSealed = leads(replica::sealedTree, replica.sealed(), sealedRoot, first, leaves);
    SealProfile.byId(profile).apply(replicaId, first, leaves, 0, count);
    boolean isPiece = leads(replica::pieceTree, replica.unsealed(), pieceRoot, first, leaves);
    if (isSealed && isPiece) {
      return Verdict.SOUND;
    }
    if (isSealed) {
      return Verdict.PIECE_TREE_WRONG;
    }
    return isPiece ? Verdict.SEALED_TREE_WRONG : Verdict.DAMAGED;
  }

  @FunctionalInterface
  private interface Tree {
    StoredTree open() throws IOException;
  }

  private boolean leads(Tree tree, BlockSource source, Hash32 root, long first, byte[] leaves) {
    try {
      byte[] proof = RangeProof.prove(tree.open(), source, first, leaves.length / 32);
      return RangeProof.verify(root, size.shape(), first, leaves, proof);
    } catch (IOException e) {
      // A tree that cannot be read does not vouch for anything.
      return false;
    }
  }

  /**
   * Writes the right bytes of a chunk, durably. It may be cut off at any moment and be done again:
   * what it overwrites is wrong already.
   *
   * @param raw its raw bytes, which the caller has checked against the piece root
   * @throws IllegalArgumentException when there are more or fewer of them than the chunk has
   */
  public void mend(long chunk, byte[] raw) throws IOException {
    if (raw.length != rawBytes(chunk)) {
      throw new IllegalArgumentException(
          "chunk " + chunk + " has " + rawBytes(chunk) + " bytes, not " + raw.length);
    }
    long first = chunk * Chunks.LEAVES;
    int count = leaves(chunk);
    byte[] leaves = new byte[32 * count];
    int groups = count / 4;
    Fr32.pad(Arrays.copyOf(raw, groups * Fr32.RAW), 0, leaves, 0, groups);
    SealProfile.byId(profile).apply(replicaId, first, leaves, 0, count);
    try (FileChannel file = FileChannel.open(files.replica(), StandardOpenOption.WRITE)) {
      ByteBuffer buffer = ByteBuffer.wrap(leaves);
      long at = 32 * first;
      while (buffer.hasRemaining()) {
        at += file.write(buffer, at);
      }
      file.force(false);
    }
  }

  /**
   * Whether all bytes of the replica lead to the sealed root, whatever its trees say: reads and
   * hashes all of it and leaves a tree file behind.
   *
   * @param fresh where the tree goes
   */
  public boolean isWhole(Path fresh) throws IOException {
    return replica.rebuildSealedTree(fresh).equals(sealedRoot);
  }

  /** Builds the piece tree anew; true when it has the piece root. */
  public boolean rebuildPieceTree(Path fresh) throws IOException {
    return replica.rebuildPieceTree(fresh).equals(pieceRoot);
  }

  @Override
  public void close() throws IOException {
    replica.close();
  }
}
