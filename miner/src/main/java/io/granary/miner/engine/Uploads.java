package io.granary.miner.engine;

import io.granary.miner.Deadline;
import io.granary.miner.OperatorLog;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.ops.Traces;
import io.granary.miner.replica.Disk;
import io.granary.miner.replica.Shelf;
import io.granary.miner.sealing.StagedSums;
import io.granary.miner.storage.DealBook;
import io.granary.miner.storage.StorageException;
import io.granary.miner.storage.UploadStore;
import io.granary.proofs.Hash32;
import io.granary.proofs.disk.BulkFile;
import io.granary.proofs.piece.PieceHasher;
import io.granary.proofs.tree.StoredTreeWriter;
import io.granary.proofs.tree.TreeShape;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.Refusal;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Takes the bytes of pieces. What is acknowledged is on disk: every 8 MiB the file is synced, then
 * the offset is noted. A resumed upload goes on at the noted offset; whatever lies beyond it in the
 * file is overwritten.
 */
public final class Uploads {
  private static final int SYNC_BYTES = 8 << 20;

  /** Chunks of all uploads together that wait to be hashed: 48 MiB at most. */
  private static final int MAX_WAITING_OF_ALL = 48;

  private final DealBook book;
  private final UploadStore offsets;
  private final Shelf shelf;
  private final Disk disk;
  private final int maxRunning;
  private final OperatorLog log;
  private final Traces traces;
  private final Map<DealId, Session> running = new ConcurrentHashMap<>();
  private final Semaphore waitingOfAll = new Semaphore(MAX_WAITING_OF_ALL);

  /** Into the shelf's upload folder, at most so many at a time. */
  public Uploads(
      DealBook book,
      UploadStore offsets,
      Shelf shelf,
      Disk disk,
      int maxRunning,
      OperatorLog log,
      Traces traces) {
    this.book = book;
    this.offsets = offsets;
    this.shelf = shelf;
    this.disk = disk;
    this.maxRunning = maxRunning;
    this.log = log;
    this.traces = traces;
  }

  /** How far an upload is. */
  public record Standing(long offset, boolean complete) {}

  /** An expected "no" to an upload. */
  public static final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Refusal refusal;

    RefusedException(String code, String message, Object actual, Object acceptable) {
      super(message);
      this.refusal = new Refusal(code, message, String.valueOf(actual), String.valueOf(acceptable));
    }

    /** What to tell the peer. */
    public Refusal refusal() {
      return refusal;
    }
  }

  private StoredDeal own(DealId id, Address caller) throws RefusedException {
    StoredDeal deal =
        book.find(id)
            .orElseThrow(
                () ->
                    new RefusedException(
                        "UNKNOWN_DEAL",
                        "this miner has accepted no deal of that id; propose it first",
                        id,
                        ""));
    if (!deal.terms().client().equals(caller)) {
      throw new RefusedException(
          "NOT_CLIENT",
          "only the deal's client may upload its piece",
          caller,
          deal.terms().client());
    }
    return deal;
  }

  /** Where the caller's upload of a deal stands. */
  public Standing standing(DealId id, Address caller) throws RefusedException {
    StoredDeal deal = own(id, caller);
    if (deal.isOver()) {
      throw notAwaited(deal.stage());
    }
    return deal.stage() == DealStage.ACCEPTED
        ? new Standing(offsets.offset(id), false)
        : new Standing(deal.terms().size().bytes(), true);
  }

  /** True when nothing of a piece came yet and nothing is coming. */
  boolean isIdle(DealId id) {
    return !running.containsKey(id) && offsets.offset(id) == 0;
  }

  /** Forgets how far an upload came. */
  void forget(DealId id) {
    offsets.remove(id);
  }

  /**
   * Forgets how far uploads came whose bytes are not on disk: they did not come back with a store
   * that was restored. Their clients send them again.
   */
  public void forgetLost() throws IOException {
    for (StoredDeal deal : book.all()) {
      if (deal.stage() == DealStage.ACCEPTED
          && offsets.offset(deal.id()) > shelf.stagedBytes(deal.id())) {
        log.uploadLost(deal.id(), offsets.offset(deal.id()), shelf.stagedBytes(deal.id()));
        offsets.remove(deal.id());
      }
    }
  }

  /** Waits for the uploads that run, and tells which of them ran longer. */
  public synchronized Set<DealId> awaitEnd(Deadline deadline) throws InterruptedException {
    while (!running.isEmpty() && !deadline.isOver()) {
      // At least one: zero would be for ever.
      wait(Math.max(1, deadline.left().toMillis()));
    }
    return Set.copyOf(running.keySet());
  }

  private synchronized void ended(DealId id, Session session) {
    running.remove(id, session);
    notifyAll();
  }

  /** Bytes of a deal that are durable. */
  public long durable(DealId id) {
    return book.find(id)
        .map(d -> d.stage() == DealStage.ACCEPTED ? offsets.offset(id) : d.terms().size().bytes())
        .orElse(0L);
  }

  /**
   * Begins or resumes an upload. One runs at a time for each deal: the newest, because a client
   * that comes again has given up the stream it had, even when this side has not noticed yet.
   */
  public Session open(DealId id, long offset, Address caller) throws RefusedException {
    own(id, caller);
    Session before = running.get(id);
    if (before != null) {
      before.close();
    }
    return openNext(id, offset, caller);
  }

  private synchronized Session openNext(DealId id, long offset, Address caller)
      throws RefusedException {
    StoredDeal deal = own(id, caller);
    if (deal.stage() != DealStage.ACCEPTED) {
      throw notAwaited(deal.stage());
    }
    if (running.containsKey(id)) {
      throw new RefusedException(
          "UPLOAD_RUNNING", "another upload of this deal began at the same time; resume", id, "");
    }
    if (running.size() >= maxRunning) {
      throw new RefusedException(
          "BUSY",
          "this miner takes as many uploads at a time as it can; come back later",
          running.size(),
          "below " + maxRunning);
    }
    long durable = offsets.offset(id);
    if (offset != durable) {
      throw new RefusedException(
          "WRONG_OFFSET", "an upload resumes where it stopped", offset, durable);
    }
    try {
      BulkFile file = disk.openForWriting(shelf.part(id));
      Session session;
      try {
        session = new Session(deal, file, durable);
      } catch (IOException | RuntimeException e) {
        file.close();
        throw e;
      }
      running.put(id, session);
      log.uploadOpened(id, durable, deal.terms().size().bytes());
      return session;
    } catch (IOException e) {
      throw diskFailed(id, e);
    }
  }

  private static RefusedException notAwaited(DealStage stage) {
    return new RefusedException(
        "NOT_AWAITED", "no bytes are awaited for this deal", stage, DealStage.ACCEPTED);
  }

  private RefusedException diskFailed(DealId id, Exception e) {
    RefusedException refused =
        new RefusedException(
            "DISK_FAILED",
            "this miner could not store the bytes ("
                + e.getMessage()
                + "); the upload can resume, or ask another miner",
            "",
            "");
    log.uploadFailed(id, refused.refusal(), e);
    return refused;
  }

  /**
   * One stream of bytes of one deal. Safe for several threads. Hashing and syncing go on beside the
   * writing, each on a thread of its own, so that neither holds up the peer; at most 16 chunks wait
   * to be hashed, and with those of all other uploads no more than 48: a peer whose chunk has to
   * wait is read no further.
   */
  public final class Session implements AutoCloseable {
    private static final int MAX_WAITING = 16;

    private final StoredDeal deal;
    private final BulkFile file;
    private final long size;
    // Hashing goes along with the bytes; only a resumed upload is hashed again from the file.
    private final Optional<PieceHasher> hasher;
    private final Optional<StoredTreeWriter> tree;
    // What is sealed with that tree is not hashed again; these sums find what the disk changed.
    private final Optional<StagedSums> sums;
    private final ExecutorService hashing =
        Executors.newSingleThreadExecutor(Thread.ofVirtual().factory());
    private final ExecutorService syncing =
        Executors.newSingleThreadExecutor(Thread.ofVirtual().factory());
    private final Semaphore waiting = new Semaphore(MAX_WAITING);
    private Future<?> lastSync = CompletableFuture.completedFuture(null);
    private volatile @Nullable IOException hashFailure;
    private long at;
    private long synced;
    private final Traces.Step step;
    private boolean closed;

    Session(StoredDeal deal, BulkFile file, long offset) throws IOException {
      this.deal = deal;
      this.step = traces.deal(deal.id(), "upload");
      this.file = file;
      this.size = deal.terms().size().bytes();
      // A piece that comes in one go has its tree stored on the way; sealing then hashes a third
      // less.
      boolean whole = offset == 0 && deal.terms().size().shape().height() >= TreeShape.BLOCK_LEVEL;
      this.tree =
          whole
              ? Optional.of(
                  new StoredTreeWriter(
                      shelf.temporaryFiles(deal.id()).pieceTree(), deal.terms().size().shape()))
              : Optional.empty();
      this.sums = whole ? Optional.of(new StagedSums(deal.terms().size())) : Optional.empty();
      this.hasher =
          offset == 0
              ? Optional.of(tree.map(Session::hasherInto).orElseGet(PieceHasher::new))
              : Optional.empty();
      this.at = offset;
      this.synced = offset;
    }

    private static PieceHasher hasherInto(StoredTreeWriter tree) {
      return new PieceHasher(
          (first, roots, count) -> {
            try {
              tree.writeBlockRoots(first, roots, count);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }

    /** Whose bytes they are. */
    public DealId deal() {
      return deal.id();
    }

    private void requireOpen() throws RefusedException {
      if (closed) {
        throw new RefusedException(
            "UPLOAD_REPLACED",
            "this upload has ended or a newer one took its place; resume where it stopped",
            at,
            offsets.offset(deal.id()));
      }
      DealStage stage = book.find(deal.id()).map(StoredDeal::stage).orElse(DealStage.FAILED);
      if (stage != DealStage.ACCEPTED) {
        throw new RefusedException(
            "NOT_AWAITED",
            "no bytes are awaited for this deal any more",
            stage,
            DealStage.ACCEPTED);
      }
    }

    /** Takes bytes, which the caller leaves alone from then on. */
    public synchronized void write(ByteBuffer bytes) throws RefusedException {
      requireOpen();
      if (bytes.remaining() > size - at) {
        throw new RefusedException(
            "TOO_MANY_BYTES",
            "more bytes came than the proposal says",
            at + bytes.remaining(),
            size);
      }
      try {
        hash(bytes.duplicate());
        int length = bytes.remaining();
        file.write(bytes, at);
        at += length;
        if (at - synced >= SYNC_BYTES) {
          // One sync at a time: what has gathered meanwhile is synced together.
          if (lastSync.isDone()) {
            await(lastSync);
            lastSync = sync();
          }
        }
      } catch (IOException | StorageException e) {
        throw diskFailed(deal.id(), e);
      }
    }

    private void hash(ByteBuffer bytes) throws IOException {
      if (hasher.isPresent()) {
        PieceHasher h = hasher.get();
        try {
          waiting.acquire();
          waitingOfAll.acquire();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new InterruptedIOException("the upload was interrupted");
        }
        hashing.execute(
            () -> {
              try {
                sums.ifPresent(s -> s.update(bytes));
                h.update(bytes);
              } catch (UncheckedIOException e) {
                hashFailure = e.getCause();
              } finally {
                waitingOfAll.release();
                waiting.release();
              }
            });
      }
    }

    /** Makes everything written so far durable, then notes it. */
    private Future<?> sync() {
      long upTo = at;
      boolean first = synced == 0;
      synced = upTo;
      return syncing.submit(
          () -> {
            file.force(false);
            if (first) {
              shelf.syncUploads();
            }
            offsets.advance(deal.id(), upTo);
            return upTo;
          });
    }

    private static void await(Future<?> task) throws IOException {
      try {
        task.get();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("the upload was interrupted");
      } catch (ExecutionException e) {
        if (e.getCause() instanceof IOException io) {
          throw io;
        }
        if (e.getCause() instanceof StorageException storage) {
          throw storage;
        }
        throw new IllegalStateException("an upload failed", e.getCause());
      }
    }

    /** Ends the stream: makes its bytes durable and, when the piece is whole, checks its root. */
    public synchronized Standing finish() throws RefusedException {
      requireOpen();
      try {
        return finishNow();
      } catch (IOException | StorageException e) {
        throw diskFailed(deal.id(), e);
      } finally {
        close();
      }
    }

    private Standing finishNow() throws RefusedException, IOException {
      await(lastSync);
      await(sync());
      if (at < size) {
        return new Standing(at, false);
      }
      Hash32 root = root();
      if (!root.equals(deal.terms().pieceRoot())) {
        RefusedException wrong =
            new RefusedException(
                "WRONG_ROOT",
                "the bytes are not the piece that was proposed; they were dropped, send the right"
                    + " ones",
                root,
                deal.terms().pieceRoot());
        offsets.remove(deal.id());
        close();
        shelf.deletePart(deal.id());
        shelf.deleteTemporary(deal.id());
        log.wrongRoot(deal.id(), wrong.refusal());
        throw wrong;
      }
      close();
      book.change(deal.id(), d -> d.stage() == DealStage.ACCEPTED ? d.at(DealStage.UPLOADED) : d);
      log.uploaded(deal.id(), size);
      return new Standing(at, true);
    }

    private Hash32 root() throws IOException {
      if (hasher.isEmpty()) {
        return hashFile();
      }
      await(hashing.submit(() -> true));
      IOException failed = hashFailure;
      if (failed != null) {
        throw failed;
      }
      Hash32[] root = new Hash32[1];
      await(
          hashing.submit(
              () -> {
                root[0] = hasher.get().finish().root();
                if (tree.isPresent()) {
                  sums.orElseThrow().write(shelf.stagedSums(deal.id()));
                  tree.get().finish();
                }
                return root[0];
              }));
      return root[0];
    }

    private Hash32 hashFile() throws IOException {
      PieceHasher whole = new PieceHasher();
      ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
      for (long position = 0; position < size; ) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), size - position));
        file.read(buffer, position);
        position += buffer.position();
        whole.update(buffer.flip());
      }
      return whole.finish().root();
    }

    /** Gives the deal free for another stream; what was noted stays. */
    @Override
    public synchronized void close() {
      if (!closed) {
        closed = true;
        closeFiles();
        step.close();
        ended(deal.id(), this);
      }
    }

    private void closeFiles() {
      try {
        // Both queues are short; nothing may touch the file once another stream can open it.
        hashing.close();
        syncing.close();
        if (tree.isPresent()) {
          tree.get().close();
        }
        file.close();
      } catch (IOException e) {
        log.stepFailed("upload of " + deal.id(), e);
      }
    }
  }
}
