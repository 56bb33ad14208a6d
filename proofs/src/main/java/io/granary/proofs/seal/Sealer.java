package io.granary.proofs.seal;

import io.granary.proofs.Hash32;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.tree.StoredTree;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Seals a piece in one pass: reads it, pads it, hashes the piece tree, masks the leaves, hashes the
 * sealed tree, writes the replica and both trees. Chunks of 1 MiB go to several threads; memory is
 * about 3 MiB a thread whatever the size. A sealing that was cut off goes on after the last {@link
 * SealedRange} that its {@link Checkpoints} have.
 */
public final class Sealer {
  /** What lies between a sealing and its files, so that tests can have failing disks. */
  @FunctionalInterface
  public interface Channels {
    /** The channel to use for a file. */
    FileChannel of(Path file, FileChannel channel);
  }

  private final Hash32 replicaId;
  private final int profile;
  private final RawSize size;
  private final int rangeLevel;
  private final Channels channels;

  /**
   * For one replica.
   *
   * @param replicaId the deal's id
   * @param profile the proposal's seal profile
   * @param size bytes of the piece
   */
  public Sealer(Hash32 replicaId, int profile, RawSize size) {
    this(replicaId, profile, size, (file, channel) -> channel);
  }

  /** The same over other channels. */
  public Sealer(Hash32 replicaId, int profile, RawSize size, Channels channels) {
    this(replicaId, profile, size, SealedRange.LEVEL, channels);
  }

  /** With ranges of a test's. */
  Sealer(Hash32 replicaId, int profile, RawSize size, int rangeLevel, Channels channels) {
    this.replicaId = replicaId;
    this.profile = SealProfile.byId(profile).id();
    this.size = size;
    this.rangeLevel = rangeLevel;
    this.channels = channels;
  }

  /**
   * Seals a piece whose tree is already stored under its name in {@code files}, which saves a third
   * of the hashing. What the source gives is not compared with that tree: the source must be one
   * that checks its bytes itself.
   *
   * @throws IOException as {@link #seal(RawSource, ReplicaFiles, int, Checkpoints, LongConsumer)}
   */
  public SealedPiece sealWithPieceTree(
      RawSource source,
      ReplicaFiles files,
      int threads,
      Checkpoints checkpoints,
      LongConsumer progress)
      throws IOException {
    try (StoredTree pieceTree = StoredTree.open(files.pieceTree())) {
      if (!pieceTree.shape().equals(size.shape())) {
        throw new IOException(files.pieceTree() + " is the tree of a piece of another size");
      }
      return run(Optional.of(pieceTree), source, files, threads, checkpoints, progress);
    }
  }

  /** Seals in one go; what is cut off begins anew. As the other {@code seal}. */
  public SealedPiece seal(RawSource source, ReplicaFiles files, int threads, LongConsumer progress)
      throws IOException {
    return seal(source, files, threads, Checkpoints.none(), progress);
  }

  /**
   * Seals. The files are durable when this returns.
   *
   * @param checkpoints what earlier runs have noted of the same replica in the same files, and
   *     where this one notes its ranges: first a range's bytes are durable, then both trees' block
   *     roots, then it is noted. Nothing but whole ranges is taken over, and only when sealed bytes
   *     and block roots are still what they were.
   * @param progress told the raw bytes done so far, from any thread
   * @throws IOException when reading or writing fails; what was noted stays good
   */
  public SealedPiece seal(
      RawSource source,
      ReplicaFiles files,
      int threads,
      Checkpoints checkpoints,
      LongConsumer progress)
      throws IOException {
    return run(Optional.empty(), source, files, threads, checkpoints, progress);
  }

  private SealedPiece run(
      Optional<StoredTree> pieceTree,
      RawSource source,
      ReplicaFiles files,
      int threads,
      Checkpoints checkpoints,
      LongConsumer progress)
      throws IOException {
    try (SealingPass pass =
        new SealingPass(
            replicaId, profile, size, rangeLevel, files, pieceTree, checkpoints, channels)) {
      pass.run(source, threads, progress);
      return pass.finish();
    }
  }
}
