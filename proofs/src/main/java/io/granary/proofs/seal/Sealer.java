package io.granary.proofs.seal;

import io.granary.proofs.Hash32;
import io.granary.proofs.disk.BulkFile;
import io.granary.proofs.hash.NodeHasher;
import io.granary.proofs.piece.ChunkWorkers;
import io.granary.proofs.piece.Chunks;
import io.granary.proofs.piece.Fr32;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.tree.StoredTree;
import io.granary.proofs.tree.StoredTreeWriter;
import io.granary.proofs.tree.SubtreeHasher;
import io.granary.proofs.tree.TreeShape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/**
 * Seals a piece in one pass: reads it, pads it, hashes the piece tree, masks the leaves, hashes the
 * sealed tree, writes the replica and both trees. Chunks of 1 MiB go to several threads; memory is
 * about 3 MiB a thread whatever the size.
 */
public final class Sealer {
  private final Hash32 replicaId;
  private final int profile;
  private final RawSize size;
  private final TreeShape shape;

  /**
   * For one replica.
   *
   * @param replicaId the deal's id
   * @param profile the proposal's seal profile
   * @param size bytes of the piece
   */
  public Sealer(Hash32 replicaId, int profile, RawSize size) {
    this.replicaId = replicaId;
    this.profile = SealProfile.byId(profile).id();
    this.size = size;
    this.shape = size.shape();
  }

  /**
   * Seals a piece whose tree is already stored under its name in {@code files}, which saves a third
   * of the hashing. What the source gives is not compared with that tree: the source must be one
   * that checks its bytes itself.
   *
   * @throws IOException as {@link #seal}
   */
  public SealedPiece sealWithPieceTree(
      RawSource source, ReplicaFiles files, int threads, LongConsumer progress) throws IOException {
    try (StoredTree pieceTree = StoredTree.open(files.pieceTree())) {
      if (!pieceTree.shape().equals(shape)) {
        throw new IOException(files.pieceTree() + " is the tree of a piece of another size");
      }
      return new SealedPiece(
          pieceTree.root(), seal(source, files, threads, progress, Optional.empty()));
    }
  }

  /**
   * Seals. The files are durable when this returns.
   *
   * @param progress told the raw bytes done so far, from any thread
   * @throws IOException when reading or writing fails; the files are then worthless
   */
  public SealedPiece seal(RawSource source, ReplicaFiles files, int threads, LongConsumer progress)
      throws IOException {
    try (StoredTreeWriter pieceTree = new StoredTreeWriter(files.pieceTree(), shape)) {
      Hash32 sealedRoot = seal(source, files, threads, progress, Optional.of(pieceTree));
      return new SealedPiece(pieceTree.finish(), sealedRoot);
    }
  }

  private Hash32 seal(
      RawSource source,
      ReplicaFiles files,
      int threads,
      LongConsumer progress,
      Optional<StoredTreeWriter> pieceTree)
      throws IOException {
    try (StoredTreeWriter sealedTree = new StoredTreeWriter(files.sealedTree(), shape);
        BulkFile replica =
            BulkFile.open(
                files.replica(),
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE);
        Flusher flusher = new Flusher(replica)) {
      AtomicLong done = new AtomicLong();
      ChunkWorkers.run(
          threads,
          ChunkWorkers.chunksOf(size),
          () -> {
            Worker worker = new Worker(source, replica, pieceTree, sealedTree);
            return chunk -> {
              int bytes = worker.seal(chunk);
              flusher.wrote(bytes);
              progress.accept(done.addAndGet(bytes));
            };
          });
      flusher.finish();
      return sealedTree.finish();
    }
  }

  private final class Worker {
    private final RawSource source;
    private final BulkFile replica;
    private final Optional<StoredTreeWriter> pieceTree;
    private final StoredTreeWriter sealedTree;
    private final SealProfile seal = SealProfile.byId(profile);
    private final SubtreeHasher hasher = new SubtreeHasher(NodeHasher.create());
    private final byte[] raw = new byte[Chunks.RAW];
    private final byte[] leaves = new byte[Chunks.PADDED];

    Worker(
        RawSource source,
        BulkFile replica,
        Optional<StoredTreeWriter> pieceTree,
        StoredTreeWriter sealedTree) {
      this.source = source;
      this.replica = replica;
      this.pieceTree = pieceTree;
      this.sealedTree = sealedTree;
    }

    /** Seals one chunk and returns its raw bytes. */
    int seal(long chunk) throws IOException {
      long position = chunk * Chunks.RAW;
      int length = (int) Math.min(Chunks.RAW, size.bytes() - position);
      int groups = (length + Fr32.RAW - 1) / Fr32.RAW;
      source.read(position, raw, length);
      Arrays.fill(raw, length, groups * Fr32.RAW, (byte) 0);
      Fr32.pad(raw, 0, leaves, 0, groups);
      int padded = groups * Fr32.PADDED;
      // What lies beyond the last leaf is zero in both trees.
      Arrays.fill(leaves, padded, leaves.length, (byte) 0);
      long firstLeaf = chunk * Chunks.LEAVES;
      if (pieceTree.isPresent()) {
        writeRoots(pieceTree.get(), chunk, groups * 4);
      }
      seal.apply(replicaId, firstLeaf, leaves, 0, groups * 4);
      writeRoots(sealedTree, chunk, groups * 4);
      replica.write(ByteBuffer.wrap(leaves, 0, padded), firstLeaf * 32);
      return length;
    }

    private void writeRoots(StoredTreeWriter tree, long chunk, int leafCount) throws IOException {
      int perBlock = 1 << shape.base();
      int blocks = (leafCount + perBlock - 1) / perBlock;
      byte[] roots = hasher.reduce(leaves, 0, blocks * perBlock, shape.base());
      tree.writeBlockRoots(chunk * (Chunks.LEAVES / perBlock), roots, blocks);
    }
  }
}
