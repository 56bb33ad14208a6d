package io.granary.miner.grpc;

import com.google.protobuf.UnsafeByteOperations;
import io.granary.miner.Deadline;
import io.granary.miner.OperatorLog;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.replica.Reading;
import io.granary.miner.replica.ReplicaReader;
import io.granary.miner.storage.DealBook;
import io.granary.proofs.piece.Chunks;
import io.granary.proofs.piece.Fr32;
import io.granary.proofs.seal.Replica;
import io.granary.protocol.deal.Refusal;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.grpc.WireException;
import io.granary.v1.RetrievalServiceGrpc;
import io.granary.v1.RetrieveChunk;
import io.granary.v1.RetrieveRangeRequest;
import io.granary.v1.RetrieveRangeResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Gives bytes back, in chunks that the transport has room for. */
public final class RetrievalGrpc extends RetrievalServiceGrpc.RetrievalServiceImplBase {
  // Each may have 2 MiB and a chunk in flight, outside the heap.
  private static final int STREAMS = 64;
  // By default a stream is ready below 32 KiB, which would let the line run dry between chunks.
  private static final int READY_BYTES = 2 << 20;

  private final Semaphore streams = new Semaphore(STREAMS);
  private final DealBook book;
  private final ReplicaReader replicas;
  private final OperatorLog log;

  /** Over the node's parts. */
  public RetrievalGrpc(DealBook book, ReplicaReader replicas, OperatorLog log) {
    this.book = book;
    this.replicas = replicas;
    this.log = log;
  }

  @Override
  public void retrieveRange(
      RetrieveRangeRequest request, StreamObserver<RetrieveRangeResponse> observer) {
    Optional<StoredDeal> deal = book.find(Wire.dealId(request.getDealId()));
    if (deal.isEmpty() || !deal.get().hasReplica()) {
      refuse(
          observer,
          "NOT_STORED",
          "this miner does not store that deal (any more); ask another",
          deal.map(d -> d.stage().toString()).orElse(""),
          "");
      return;
    }
    long size = deal.get().terms().size().bytes();
    long offset = request.getOffset();
    long length = request.getLength() == 0 ? size - offset : request.getLength();
    if (offset < 0 || offset >= size || length < 1 || length > size - offset) {
      throw new WireException(
          "bytes "
              + Long.toUnsignedString(offset)
              + " + "
              + Long.toUnsignedString(length)
              + " are not within the piece's "
              + size);
    }
    ServerCallStreamObserver<RetrieveRangeResponse> call =
        (ServerCallStreamObserver<RetrieveRangeResponse>) observer;
    if (!streams.tryAcquire()) {
      refuse(
          observer,
          "BUSY",
          "this miner serves " + STREAMS + " retrievals already; ask another, or again in a while",
          "",
          "");
      return;
    }
    AtomicBoolean released = new AtomicBoolean();
    Runnable release =
        () -> {
          if (released.compareAndSet(false, true)) {
            streams.release();
          }
        };
    call.setOnCloseHandler(release);
    call.setOnCancelHandler(release);
    Sending sending =
        new Sending(
            deal.get(), call, offset / Fr32.RAW, (offset + length + Fr32.RAW - 1) / Fr32.RAW);
    call.setOnReadyThreshold(READY_BYTES);
    call.setOnReadyHandler(sending::pump);
    sending.pump();
  }

  /**
   * Waits, when no call comes any more, for the retrievals that run, and tells how many of them ran
   * longer.
   */
  public int awaitEnd(Deadline deadline) throws InterruptedException {
    return streams.tryAcquire(STREAMS, deadline.left().toMillis(), TimeUnit.MILLISECONDS)
        ? 0
        : STREAMS - streams.availablePermits();
  }

  private static void refuse(
      StreamObserver<RetrieveRangeResponse> observer,
      String code,
      String message,
      String actual,
      String acceptable) {
    observer.onNext(
        RetrieveRangeResponse.newBuilder()
            .setRefused(Wire.message(new Refusal(code, message, actual, acceptable)))
            .build());
    observer.onCompleted();
  }

  private final class Sending {
    private final StoredDeal deal;
    private final ServerCallStreamObserver<RetrieveRangeResponse> call;
    private final long end;
    private long next;
    private boolean done;

    Sending(
        StoredDeal deal,
        ServerCallStreamObserver<RetrieveRangeResponse> call,
        long first,
        long end) {
      this.deal = deal;
      this.call = call;
      this.next = first;
      this.end = end;
    }

    synchronized void pump() {
      while (!done && !call.isCancelled() && call.isReady()) {
        // Chunks end at multiples of their size, where a range proof is one path.
        int groups = (int) Math.min(end - next, Chunks.GROUPS - next % Chunks.GROUPS);
        switch (replicas.range(deal, next, groups)) {
          case Reading.Good<Replica.Range> good -> send(good.value(), groups);
          case Reading.Damaged<Replica.Range> damaged -> {
            done = true;
            log.damaged(deal.id(), "retrieval", damaged.reason());
            refuse(call, "DAMAGED", "this miner's replica is damaged; ask another", "", "");
          }
        }
      }
    }

    private void send(Replica.Range range, int groups) {
      call.onNext(
          RetrieveRangeResponse.newBuilder()
              .setChunk(
                  RetrieveChunk.newBuilder()
                      .setOffset(next * Fr32.RAW)
                      .setData(UnsafeByteOperations.unsafeWrap(range.bytes()))
                      .setProof(UnsafeByteOperations.unsafeWrap(range.proof())))
              .build());
      next += groups;
      if (next >= end) {
        done = true;
        call.onCompleted();
      }
    }
  }
}
