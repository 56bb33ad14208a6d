package io.granary.proofs.seal;

import io.granary.proofs.Hash32;
import io.granary.proofs.disk.BulkFile;
import io.granary.proofs.hash.NodeHasher;
import io.granary.proofs.piece.ChunkWorkers;
import io.granary.proofs.piece.Chunks;
import io.granary.proofs.piece.Fr32;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.tree.CorruptTreeException;
import io.granary.proofs.tree.StoredTree;
import io.granary.proofs.tree.StoredTreeWriter;
import io.granary.proofs.tree.SubtreeHasher;
import io.granary.proofs.tree.TreeShape;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;
import java.util.zip.CRC32C;

/** One run of a {@link Sealer} over its files, which it holds open. */
final class SealingPass implements Closeable {
  private final Hash32 replicaId;
  private final int profile;
  private final RawSize size;
  private final TreeShape shape;
  private final int rangeLevel;
  private final int rangeChunks;

  /** Whole ones. */
  private final long ranges;

  private final Checkpoints checkpoints;

  /** What is worth reading back, and how many notes are not. */
  private final List<SealedRange> noted;

  private final int unusable;
  private final Deque<Closeable> opened = new ArrayDeque<>();
  private final BulkFile replica;
  private final StoredTreeWriter sealedTree;

  /** The piece's tree when it was there before; the other when it is made here. */
  private final Optional<StoredTree> storedPieceTree;

  private final Optional<StoredTreeWriter> pieceTree;

  /** Whole ranges that are durable, by their index. */
  private final Map<Long, SealedRange> durable = new ConcurrentSkipListMap<>();

  private final Map<Long, Unfinished> unfinished = new ConcurrentHashMap<>();

  SealingPass(
      Hash32 replicaId,
      int profile,
      RawSize size,
      int rangeLevel,
      ReplicaFiles files,
      Optional<StoredTree> stored,
      Checkpoints checkpoints,
      Sealer.Channels channels)
      throws IOException {
    this.replicaId = replicaId;
    this.profile = profile;
    this.size = size;
    this.shape = size.shape();
    this.rangeLevel = rangeLevel;
    this.rangeChunks = 1 << (rangeLevel - Chunks.LEVEL);
    this.ranges = shape.leafCount() >>> rangeLevel;
    this.checkpoints = checkpoints;
    this.storedPieceTree = stored;
    Collection<SealedRange> taken = checkpoints.taken();
    this.noted =
        taken.stream()
            .filter(r -> r.index() >= 0 && r.index() < ranges)
            .filter(r -> stored.isPresent() || r.pieceRoot().isPresent())
            .toList();
    this.unusable = taken.size() - noted.size();
    boolean resumes = !taken.isEmpty();
    try {
      this.replica = open(files.replica(), resumes).wrap(c -> channels.of(files.replica(), c));
      opened.push(replica);
      this.sealedTree = openTree(files.sealedTree(), resumes, channels);
      this.pieceTree =
          stored.isEmpty()
              ? Optional.of(openTree(files.pieceTree(), resumes, channels))
              : Optional.empty();
      // A range in files whose names are lost would be noted for nothing.
      syncDirectory(files.replica());
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private static BulkFile open(Path path, boolean resumes) throws IOException {
    Set<OpenOption> options = new HashSet<>();
    options.add(StandardOpenOption.CREATE);
    options.add(StandardOpenOption.READ);
    options.add(StandardOpenOption.WRITE);
    if (!resumes) {
      options.add(StandardOpenOption.TRUNCATE_EXISTING);
    }
    return BulkFile.open(path, options.toArray(OpenOption[]::new));
  }

  private StoredTreeWriter openTree(Path path, boolean resumes, Sealer.Channels channels)
      throws IOException {
    StoredTreeWriter tree =
        (resumes ? StoredTreeWriter.resume(path, shape) : new StoredTreeWriter(path, shape))
            .wrap(c -> channels.of(path, c));
    opened.push(tree);
    return tree;
  }

  private static void syncDirectory(Path file) throws IOException {
    try (FileChannel directory =
        FileChannel.open(file.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
      directory.force(true);
    }
  }

  /** Seals what is not durable yet. */
  void run(RawSource source, int threads, LongConsumer progress) throws IOException {
    takeOver(threads);
    AtomicLong done = new AtomicLong((long) durable.size() * rangeChunks * Chunks.RAW);
    // Whole ranges first, in their order, so that no more than two are ever unfinished; then the
    // rest.
    long[] todo = LongStream.range(0, ranges).filter(r -> !durable.containsKey(r)).toArray();
    long rest = ChunkWorkers.chunksOf(size) - ranges * rangeChunks;
    long chunks = (long) todo.length * rangeChunks + rest;
    if (chunks == 0) {
      return;
    }
    try (Flusher flusher = new Flusher(this::makeDurable)) {
      ChunkWorkers.run(
          threads,
          chunks,
          () -> {
            Worker worker = new Worker(source, flusher);
            return n -> {
              int at = (int) (n / rangeChunks);
              long range = at < todo.length ? todo[at] : ranges + at - todo.length;
              progress.accept(done.addAndGet(worker.seal(range * rangeChunks + n % rangeChunks)));
            };
          });
      flusher.finish();
    }
  }

  /** The order of this is what a checkpoint rests on. */
  private void makeDurable(SealedRange range) throws IOException {
    replica.force(false);
    sealedTree.sync();
    if (pieceTree.isPresent()) {
      pieceTree.get().sync();
    }
    checkpoints.take(range);
    durable.put(range.index(), range);
  }

  /**
   * Builds the trees and makes everything durable.
   *
   * @throws IOException when the disk gives other block roots than those that were written
   */
  SealedPiece finish() throws IOException {
    replica.force(true);
    sealedTree.build();
    if (pieceTree.isPresent()) {
      pieceTree.get().build();
    }
    for (SealedRange range : durable.values()) {
      if (!isBuiltInto(range)) {
        throw new IOException(
            "the trees that were just written read back changed in range "
                + range.index()
                + ": check the disk");
      }
    }
    Hash32 pieceRoot =
        pieceTree.isPresent() ? pieceTree.get().finish() : storedPieceTree.orElseThrow().root();
    return new SealedPiece(pieceRoot, sealedTree.finish());
  }

  private boolean isBuiltInto(SealedRange range) throws IOException {
    return sealedTree.node(rangeLevel, range.index()).equals(range.sealedRoot())
        && (pieceTree.isEmpty()
            || range
                .pieceRoot()
                .equals(Optional.of(pieceTree.get().node(rangeLevel, range.index()))));
  }

  // ---------------------------------------------------------------- going on

  /** Takes over the noted ranges of which bytes and block roots are still what they were. */
  private void takeOver(int threads) throws IOException {
    if (!noted.isEmpty()) {
      readBack(threads);
    }
    if (noted.size() + unusable > 0) {
      checkpoints.resuming(durable.size(), noted.size() + unusable - durable.size());
    }
  }

  private void readBack(int threads) throws IOException {
    int[] sums = new int[noted.size() * rangeChunks];
    Set<Integer> unreadable = ConcurrentHashMap.newKeySet();
    ChunkWorkers.run(
        threads,
        sums.length,
        () -> {
          byte[] sealed = new byte[Chunks.PADDED];
          return n -> {
            int at = (int) n;
            int range = at / rangeChunks;
            long chunk = noted.get(range).index() * rangeChunks + at % rangeChunks;
            try {
              replica.read(ByteBuffer.wrap(sealed), chunk * Chunks.PADDED);
              sums[at] = sumOf(sealed);
            } catch (ClosedChannelException interrupted) {
              throw interrupted;
            } catch (IOException e) {
              unreadable.add(range); // sealed again, which may bring the sector back
            }
          };
        });
    for (int i = 0; i < noted.size(); i++) {
      SealedRange range = noted.get(i);
      boolean asNoted = sumOf(sums, i * rangeChunks) == range.sum();
      if (asNoted && !unreadable.contains(i) && isInTrees(range)) {
        durable.put(range.index(), range);
      }
    }
  }

  private boolean isInTrees(SealedRange range) throws IOException {
    return hasRoot(sealedTree, range.index(), Optional.of(range.sealedRoot()))
        && (pieceTree.isEmpty() || hasRoot(pieceTree.get(), range.index(), range.pieceRoot()));
  }

  private boolean hasRoot(StoredTreeWriter tree, long range, Optional<Hash32> root)
      throws IOException {
    try {
      return Optional.of(tree.rootOf(rangeLevel, range)).equals(root);
    } catch (CorruptTreeException tooShort) {
      return false;
    }
  }

  private static int sumOf(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  private int sumOf(int[] chunkSums, int from) {
    ByteBuffer sums = ByteBuffer.allocate(Integer.BYTES * rangeChunks);
    for (int i = 0; i < rangeChunks; i++) {
      sums.putInt(chunkSums[from + i]);
    }
    return sumOf(sums.array());
  }

  /** A whole range of which some chunks are sealed; each chunk has its own place in the arrays. */
  private final class Unfinished {
    private final int[] sums = new int[rangeChunks];
    private final byte[] sealedRoots = new byte[32 * rangeChunks];
    private final byte[] pieceRoots = new byte[32 * rangeChunks];
    private final AtomicInteger left = new AtomicInteger(rangeChunks);

    SealedRange finished(long index, SubtreeHasher hasher) {
      int levels = rangeLevel - Chunks.LEVEL;
      return new SealedRange(
          index,
          sumOf(sums, 0),
          hasher.root(sealedRoots, 0, levels),
          pieceTree.map(made -> hasher.root(pieceRoots, 0, levels)));
    }
  }

  private final class Worker {
    private final RawSource source;
    private final Flusher flusher;
    private final SealProfile seal = SealProfile.byId(profile);
    private final SubtreeHasher hasher = new SubtreeHasher(NodeHasher.create());
    private final byte[] raw = new byte[Chunks.RAW];
    private final byte[] leaves = new byte[Chunks.PADDED];

    Worker(RawSource source, Flusher flusher) {
      this.source = source;
      this.flusher = flusher;
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
      long range = chunk / rangeChunks;
      Optional<Unfinished> whole =
          range < ranges
              ? Optional.of(unfinished.computeIfAbsent(range, r -> new Unfinished()))
              : Optional.empty();
      int slot = (int) (chunk % rangeChunks);
      if (pieceTree.isPresent()) {
        byte[] roots = writeRoots(pieceTree.get(), chunk, groups * 4);
        whole.ifPresent(w -> chunkRoot(roots).copyTo(w.pieceRoots, 32 * slot));
      }
      seal.apply(replicaId, firstLeaf, leaves, 0, groups * 4);
      byte[] roots = writeRoots(sealedTree, chunk, groups * 4);
      whole.ifPresent(w -> chunkRoot(roots).copyTo(w.sealedRoots, 32 * slot));
      replica.write(ByteBuffer.wrap(leaves, 0, padded), firstLeaf * 32);
      if (whole.isPresent()) {
        whole.get().sums[slot] = sumOf(leaves);
        if (whole.get().left.decrementAndGet() == 0) {
          unfinished.remove(range);
          flusher.flush(whole.get().finished(range, hasher));
        }
      }
      return length;
    }

    private byte[] writeRoots(StoredTreeWriter tree, long chunk, int leafCount) throws IOException {
      int perBlock = 1 << shape.base();
      int blocks = (leafCount + perBlock - 1) / perBlock;
      byte[] roots = hasher.reduce(leaves, 0, blocks * perBlock, shape.base());
      tree.writeBlockRoots(chunk * (Chunks.LEAVES / perBlock), roots, blocks);
      return roots;
    }

    /** Of a whole chunk, from its block roots. */
    private Hash32 chunkRoot(byte[] blockRoots) {
      return hasher.root(blockRoots, 0, Chunks.LEVEL - shape.base());
    }
  }

  @Override
  public void close() throws IOException {
    IOException failed = new IOException("files of the sealing cannot be closed");
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (IOException e) {
        failed.addSuppressed(e);
      }
    }
    if (failed.getSuppressed().length > 0) {
      throw failed;
    }
  }
}
