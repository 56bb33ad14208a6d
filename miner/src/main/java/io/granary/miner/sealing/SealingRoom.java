package io.granary.miner.sealing;

import io.granary.miner.Deadline;
import io.granary.miner.MinerConfig;
import io.granary.miner.OperatorLog;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.ops.Traces;
import io.granary.miner.replica.Disk;
import io.granary.miner.replica.FoundReplica;
import io.granary.miner.replica.Shelf;
import io.granary.miner.storage.DealBook;
import io.granary.miner.storage.SealingStore;
import io.granary.miner.storage.StorageException;
import io.granary.miner.storage.UploadStore;
import io.granary.proofs.Hash32;
import io.granary.proofs.disk.BulkFile;
import io.granary.proofs.seal.Checkpoints;
import io.granary.proofs.seal.RawSource;
import io.granary.proofs.seal.ReplicaFiles;
import io.granary.proofs.seal.SealedPiece;
import io.granary.proofs.seal.SealedRange;
import io.granary.proofs.seal.Sealer;
import io.granary.proofs.tree.CorruptTreeException;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/**
 * Seals uploaded pieces one at a time, each on several threads. The replica gets its name when it
 * is durable and its roots were checked; the staged piece goes after that. What a crash, a full
 * disk or a stop cuts off goes on after the last range that is durable; after the renaming the
 * replica is found.
 */
public final class SealingRoom implements AutoCloseable {
  private final MinerConfig config;
  private final DealBook book;
  private final UploadStore uploads;
  private final SealingStore sealings;
  private final Shelf shelf;
  private final Disk disk;
  private final OperatorLog log;
  private final Traces traces;
  private final ExecutorService worker =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("sealing").factory());
  private final Map<DealId, Long> progress = new ConcurrentHashMap<>();
  private final Map<DealId, Instant> notBefore = new ConcurrentHashMap<>();
  private volatile Optional<DealId> atWork = Optional.empty();
  private volatile boolean cutOff;

  /** How many ranges were durable when a sealing failed last. */
  private final Map<DealId, Integer> durableAtFailure = new ConcurrentHashMap<>();

  /** For the deals of a book. */
  public SealingRoom(
      MinerConfig config,
      DealBook book,
      UploadStore uploads,
      SealingStore sealings,
      Shelf shelf,
      Disk disk,
      OperatorLog log,
      Traces traces) {
    this.config = config;
    this.book = book;
    this.uploads = uploads;
    this.sealings = sealings;
    this.shelf = shelf;
    this.disk = disk;
    this.log = log;
    this.traces = traces;
  }

  /** Takes a deal unless it is here already, failed a moment ago, or nothing is begun any more. */
  public synchronized void submit(DealId id) {
    boolean waits =
        Optional.ofNullable(notBefore.get(id)).filter(t -> Instant.now().isBefore(t)).isPresent();
    if (!waits && !worker.isShutdown() && progress.putIfAbsent(id, 0L) == null) {
      worker.execute(() -> seal(id));
    }
  }

  /** Begins no sealing any more; the next start takes up those that wait. */
  public synchronized void finish() {
    worker.shutdown();
  }

  /** Waits, after {@link #finish}, for the sealing that runs, and tells it when it ran longer. */
  public Optional<DealId> awaitEnd(Deadline deadline) throws InterruptedException {
    return worker.awaitTermination(deadline.left().toMillis(), TimeUnit.MILLISECONDS)
        ? Optional.empty()
        : atWork;
  }

  /**
   * Takes up finished replicas of deals that the store has at an earlier stage: sealing them again
   * could be impossible, because the staged piece may be gone.
   */
  public void adopt() {
    book.all().stream().filter(d -> !d.isOver() && !d.hasReplica()).forEach(this::adopt);
    sealings.deals().stream()
        .filter(id -> book.find(id).filter(d -> d.stage() == DealStage.UPLOADED).isEmpty())
        .forEach(sealings::remove);
  }

  private boolean adopt(StoredDeal deal) {
    if (!shelf.hasReplica(deal.id())) {
      return false;
    }
    try {
      noteSealed(deal.id(), FoundReplica.sealedRoot(shelf, deal));
      log.adopted(deal.id());
      return true;
    } catch (IOException e) {
      log.damaged(deal.id(), "sealing", String.valueOf(e.getMessage()));
      return false;
    }
  }

  /** Raw bytes sealed so far; empty when the deal is not being sealed. */
  public Optional<Long> sealedBytes(DealId id) {
    return Optional.ofNullable(progress.get(id));
  }

  private void seal(DealId id) {
    if (worker.isShutdown()) {
      return;
    }
    Optional<StoredDeal> deal = book.find(id).filter(d -> d.stage() == DealStage.UPLOADED);
    atWork = Optional.of(id);
    try {
      if (deal.isPresent() && !adopt(deal.get())) {
        sealNow(deal.get());
      }
    } catch (StagedPieceChangedException e) {
      log.stagedPieceChanged(id, String.valueOf(e.getMessage()));
      awaitAgain(id);
    } catch (IOException | RuntimeException e) {
      // An interrupted sealing goes on when the node starts.
      if (!cutOff) {
        Duration retry = config.tuning().maxBackoff();
        notBefore.put(id, Instant.now().plus(retry));
        log.sealingFailed(id, String.valueOf(e.getMessage()), retry, e);
        beginAnewIfStuck(id);
      }
    } finally {
      atWork = Optional.empty();
      progress.remove(id);
    }
  }

  private void sealNow(StoredDeal deal) throws IOException {
    DealId id = deal.id();
    long size = deal.terms().size().bytes();
    long there = shelf.stagedBytes(id);
    if (there < size) {
      // A store that was restored says that they came.
      throw new StagedPieceChangedException(
          there + " of " + size + " bytes of the staged piece are on disk");
    }
    Instant began = Instant.now();
    log.sealing(id, size);
    try (Traces.Step step = traces.deal(id, "seal");
        BulkFile staged = BulkFile.open(shelf.part(id), StandardOpenOption.READ)) {
      SealedPiece sealed =
          seal(deal, (at, target, length) -> staged.read(ByteBuffer.wrap(target, 0, length), at));
      if (!sealed.pieceRoot().equals(deal.terms().pieceRoot())) {
        throw new StagedPieceChangedException(
            "the root of the staged piece is " + sealed.pieceRoot());
      }
      shelf.commit(id);
      if (!noteSealed(id, sealed.sealedRoot())) {
        step.failed("the deal was given up meanwhile");
      } else {
        log.sealed(id, size, Duration.between(began, Instant.now()));
      }
    }
  }

  /**
   * Notes a replica that lies finished on the shelf; false when its deal was given up meanwhile.
   */
  private boolean noteSealed(DealId id, Hash32 sealedRoot) throws IOException {
    StoredDeal after =
        book.change(id, d -> d.isOver() || d.hasReplica() ? d : d.sealed(sealedRoot));
    if (after.isOver()) {
      // Whoever gave it up deleted what was there at that moment.
      shelf.deleteAll(id);
      sealings.remove(id);
      return false;
    }
    shelf.deletePart(id);
    uploads.remove(id);
    sealings.remove(id);
    durableAtFailure.remove(id);
    return true;
  }

  /**
   * Each byte that is sealed was checked: by the sums that came with the stored piece tree, or,
   * without both, by hashing the piece again.
   */
  private SealedPiece seal(StoredDeal deal, RawSource staged) throws IOException {
    DealId id = deal.id();
    Sealer sealer =
        new Sealer(id.hash(), deal.terms().sealProfile(), deal.terms().size(), disk::sealing);
    ReplicaFiles files = shelf.temporaryFiles(id);
    Noted noted = new Noted(id);
    LongConsumer told =
        done -> {
          progress.put(id, done);
          book.nudge(id);
        };
    Optional<RawSource> checking =
        StagedSums.checking(staged, shelf.stagedSums(id), deal.terms().size());
    if (checking.isPresent() && Files.exists(files.pieceTree())) {
      try {
        return sealer.sealWithPieceTree(
            checking.get(), files, config.sealingThreads(), noted, told);
      } catch (CorruptTreeException halfWritten) {
        log.pieceTreeUnusable(id, String.valueOf(halfWritten.getMessage()));
      }
    }
    return sealer.seal(staged, files, config.sealingThreads(), noted, told);
  }

  /** A deal's sealed ranges in the store. */
  private final class Noted implements Checkpoints {
    private final DealId id;

    Noted(DealId id) {
      this.id = id;
    }

    @Override
    public Collection<SealedRange> taken() {
      return sealings.ranges(id);
    }

    @Override
    public void take(SealedRange range) {
      sealings.add(id, range);
    }

    @Override
    public void resuming(int kept, int spoiled) {
      log.sealingResumed(id, kept * SealedRange.RAW, spoiled);
    }
  }

  /** Drops the staged piece, so that the client can send it again. */
  private void awaitAgain(DealId id) {
    try {
      uploads.remove(id);
      shelf.deletePart(id);
      forget(id);
      book.change(id, d -> d.stage() == DealStage.UPLOADED ? d.at(DealStage.ACCEPTED) : d);
    } catch (IOException | StorageException e) {
      // The next try comes here again.
      log.deleteFailed(id, e);
    }
  }

  /**
   * What is durable stays for the next try; but where two in a row got no further though there is
   * room, these files may be what is wrong: a sector of theirs that takes no writes.
   */
  private void beginAnewIfStuck(DealId id) {
    try {
      if (disk.usableBytes(shelf.directory()) < SealedRange.RAW) {
        return;
      }
      int durable = sealings.ranges(id).size();
      Integer before = durableAtFailure.put(id, durable);
      if (before != null && before >= durable) {
        durableAtFailure.remove(id);
        forget(id);
      }
    } catch (IOException | StorageException e) {
      log.deleteFailed(id, e);
    }
  }

  private void forget(DealId id) throws IOException {
    sealings.remove(id);
    shelf.deleteTemporary(id);
  }

  @Override
  public void close() {
    cutOff = true;
    worker.shutdownNow();
    try {
      if (!worker.awaitTermination(30, TimeUnit.SECONDS)) {
        log.stepFailed("sealing", new IOException("a sealing does not end"));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
