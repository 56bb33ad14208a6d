package io.granary.client.grpc;

import com.google.protobuf.UnsafeByteOperations;
import io.granary.proofs.Hash32;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.opening.DualVerifier;
import io.granary.proofs.piece.Chunks;
import io.granary.proofs.piece.Fr32;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.tree.RangeProof;
import io.granary.proofs.tree.TreeShape;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.Signatures;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.Refusal;
import io.granary.protocol.deal.SignedAsk;
import io.granary.protocol.deal.SignedExtension;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.grpc.AuthClientInterceptor;
import io.granary.protocol.grpc.Limits;
import io.granary.protocol.grpc.PeerChannels;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.grpc.WireException;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TxHash;
import io.granary.v1.DealServiceGrpc;
import io.granary.v1.DealStatus;
import io.granary.v1.GetAskRequest;
import io.granary.v1.GetDealRequest;
import io.granary.v1.GetUploadRequest;
import io.granary.v1.GetUploadResponse;
import io.granary.v1.OpenLeavesRequest;
import io.granary.v1.OpenLeavesResponse;
import io.granary.v1.ProofServiceGrpc;
import io.granary.v1.ProposeDealRequest;
import io.granary.v1.ProposeDealResponse;
import io.granary.v1.RenewDealRequest;
import io.granary.v1.RenewDealResponse;
import io.granary.v1.RetrievalServiceGrpc;
import io.granary.v1.RetrieveChunk;
import io.granary.v1.RetrieveRangeRequest;
import io.granary.v1.RetrieveRangeResponse;
import io.granary.v1.UploadHeader;
import io.granary.v1.UploadPieceRequest;
import io.granary.v1.UploadPieceResponse;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.time.Clock;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One miner over gRPC. Every method throws {@link PeerException} when the miner is unreachable,
 * refuses, or lies.
 */
public final class MinerConnection implements AutoCloseable {
  private static final int UPLOAD_CHUNK = 1 << 20;
  // A quota that is used up is free again in a moment (Protocol §8.6).
  private static final Set<Status.Code> UNREACHABLE =
      EnumSet.of(
          Status.Code.UNAVAILABLE,
          Status.Code.DEADLINE_EXCEEDED,
          Status.Code.CANCELLED,
          Status.Code.RESOURCE_EXHAUSTED);

  private final MinerRecord miner;
  private final SigningDomain domain;
  private final ManagedChannel channel;
  private final DealServiceGrpc.DealServiceBlockingStub deals;
  private final DealServiceGrpc.DealServiceBlockingStub signedDeals;
  private final DealServiceGrpc.DealServiceStub uploads;
  private final RetrievalServiceGrpc.RetrievalServiceBlockingStub retrieval;
  private final ProofServiceGrpc.ProofServiceBlockingStub proofs;

  /** Connects on first use; the miner's TLS key is pinned from the registry. */
  public MinerConnection(MinerRecord miner, SigningDomain domain, EthKey caller) {
    this.miner = miner;
    this.domain = domain;
    try {
      this.channel = PeerChannels.open(miner.peer());
    } catch (IllegalArgumentException e) {
      throw new PeerException(miner.peer().id(), String.valueOf(e.getMessage()));
    }
    Channel signed =
        ClientInterceptors.intercept(
            channel, new AuthClientInterceptor(domain, caller, miner.peer().id()));
    this.deals = DealServiceGrpc.newBlockingStub(channel);
    this.signedDeals = DealServiceGrpc.newBlockingStub(signed);
    this.uploads = DealServiceGrpc.newStub(signed);
    this.retrieval = RetrievalServiceGrpc.newBlockingStub(channel);
    this.proofs = ProofServiceGrpc.newBlockingStub(channel);
  }

  private static <S extends io.grpc.stub.AbstractStub<S>> S timed(S stub) {
    return stub.withDeadlineAfter(Limits.CALL.toSeconds(), TimeUnit.SECONDS);
  }

  private PeerException failed(RuntimeException e) {
    if (e instanceof PeerException p) {
      return p;
    }
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String why = root == e || root.getMessage() == null ? "" : " (" + root.getMessage() + ")";
    return new PeerException(
        miner.peer().id(),
        miner.peer().endpoint() + ": " + e.getMessage() + why,
        e instanceof StatusRuntimeException status
            && UNREACHABLE.contains(status.getStatus().getCode()),
        "");
  }

  private PeerException lied(String what) {
    return new PeerException(miner.peer().id(), miner.peer().endpoint() + ": " + what);
  }

  private PeerException refused(io.granary.v1.Refusal refusal) {
    Refusal r = Wire.refusal(refusal);
    String numbers =
        r.acceptable().isEmpty()
            ? ""
            : " [sent " + r.actual() + ", acceptable " + r.acceptable() + "]";
    return new PeerException(
        miner.peer().id(), r.code() + ": " + r.message() + numbers, false, r.code());
  }

  // ---------------------------------------------------------------- negotiation

  /** The miner's ask for any deal, with its operator's signature and expiry checked. */
  public SignedAsk ask() {
    return ask(GetAskRequest.getDefaultInstance());
  }

  /** The same for such a deal, for which it may ask less. */
  public SignedAsk ask(RawSize size, long periods) {
    return ask(
        GetAskRequest.newBuilder().setRawSize(size.bytes()).setPeriods((int) periods).build());
  }

  private SignedAsk ask(GetAskRequest request) {
    try {
      SignedAsk ask = Wire.ask(timed(deals).getAsk(request).getAsk());
      if (!ask.ask().miner().equals(miner.peer().id())) {
        throw lied("its ask is " + ask.ask().miner() + "'s");
      }
      if (Signatures.recover(Eip712.ask(domain, ask.ask()), ask.signature())
          .filter(miner.operator()::equals)
          .isEmpty()) {
        throw lied("its ask is not signed by its operator " + miner.operator());
      }
      if (!ask.ask().expiresAt().isAfter(Clock.systemUTC().instant())) {
        throw lied("its ask expired at " + ask.ask().expiresAt());
      }
      return ask;
    } catch (StatusRuntimeException | WireException e) {
      throw failed(e);
    }
  }

  /** Proposes a deal; returns the bytes that are already there. */
  public long propose(SignedProposal proposal, SignedAsk ask) {
    try {
      ProposeDealResponse response =
          timed(signedDeals)
              .proposeDeal(
                  ProposeDealRequest.newBuilder()
                      .setProposal(Wire.message(proposal))
                      .setAsk(Wire.message(ask))
                      .build());
      return switch (response.getOutcomeCase()) {
        case ACCEPTED -> response.getAccepted().getUploadOffset();
        case DECLINED -> throw refused(response.getDeclined());
        case OUTCOME_NOT_SET -> throw lied("its answer to a proposal is empty");
      };
    } catch (StatusRuntimeException e) {
      throw failed(e);
    }
  }

  /**
   * Leaves of a deal in both trees, checked.
   *
   * @param sealedRoot as on chain
   */
  public List<DualOpening> open(
      DealId id, DealProposal terms, Hash32 sealedRoot, List<Long> leaves) {
    try {
      OpenLeavesResponse response =
          timed(proofs)
              .openLeaves(
                  OpenLeavesRequest.newBuilder()
                      .setDealId(Wire.bytes(id))
                      .addAllLeafIndices(leaves)
                      .build());
      List<DualOpening> openings =
          switch (response.getOutcomeCase()) {
            case OPENED ->
                response.getOpened().getOpeningsList().stream().map(Wire::opening).toList();
            case REFUSED -> throw refused(response.getRefused());
            case OUTCOME_NOT_SET -> throw lied("its answer to the leaves of a deal is empty");
          };
      DualVerifier verifier =
          new DualVerifier(
              id.hash(),
              terms.sealProfile(),
              terms.pieceRoot(),
              sealedRoot,
              terms.size().leafCount());
      if (verifier.verify(leaves, openings) instanceof DualVerifier.Verdict.Wrong wrong) {
        throw lied("opening " + wrong.opening() + " of deal " + id + ": " + wrong.reason());
      }
      return openings;
    } catch (StatusRuntimeException | WireException e) {
      throw failed(e);
    }
  }

  /** Offers an extension; returns the transaction by which the miner took it. */
  public TxHash renew(SignedExtension extension) {
    try {
      RenewDealResponse response =
          signedDeals
              // The miner answers when its transaction is confirmed.
              .withDeadlineAfter(Limits.LONGEST_CALL.toSeconds(), TimeUnit.SECONDS)
              .renewDeal(
                  RenewDealRequest.newBuilder().setExtension(Wire.message(extension)).build());
      return switch (response.getOutcomeCase()) {
        case RENEWED ->
            new TxHash(Wire.hash("transaction", response.getRenewed().getTransaction()));
        case DECLINED -> throw refused(response.getDeclined());
        case OUTCOME_NOT_SET -> throw lied("its answer to an extension is empty");
      };
    } catch (StatusRuntimeException | WireException e) {
      throw failed(e);
    }
  }

  /**
   * Where a deal stands, as its miner says.
   *
   * @param stage the stage
   * @param reason why it failed or ended; may be empty
   */
  public record DealStanding(DealStage stage, String reason) {}

  /** Where the deal stands, as the miner says. */
  public DealStanding status(DealId id) {
    try {
      DealStatus status =
          timed(deals)
              .getDeal(GetDealRequest.newBuilder().setDealId(Wire.bytes(id)).build())
              .getStatus();
      return new DealStanding(Wire.stage(status.getStage()), status.getReason());
    } catch (StatusRuntimeException | WireException e) {
      throw failed(e);
    }
  }

  // ---------------------------------------------------------------- upload

  /** Sends what the miner lacks of a file, from where the last attempt stopped. */
  public void upload(DealId id, FileChannel file, long size, LongConsumer progress) {
    try {
      GetUploadResponse there =
          timed(signedDeals)
              .getUpload(GetUploadRequest.newBuilder().setDealId(Wire.bytes(id)).build());
      if (there.getComplete()) {
        progress.accept(size);
        return;
      }
      if (there.getOffset() < 0 || there.getOffset() > size) {
        throw lied("it says it has " + there.getOffset() + " of " + size + " bytes");
      }
      UploadPieceResponse response = stream(id, file, there.getOffset(), size, progress);
      switch (response.getOutcomeCase()) {
        case DONE -> {
          if (!response.getDone().getComplete()) {
            throw lied(
                "the upload ended at byte " + response.getDone().getOffset() + " of " + size);
          }
        }
        case REFUSED -> throw refused(response.getRefused());
        case OUTCOME_NOT_SET -> throw lied("its answer to an upload is empty");
      }
    } catch (StatusRuntimeException e) {
      throw failed(e);
    }
  }

  private UploadPieceResponse stream(
      DealId id, FileChannel file, long offset, long size, LongConsumer progress) {
    UploadCall call = new UploadCall(id, file, offset, size, progress);
    uploads
        .withOnReadyThreshold(Limits.FLOW_WINDOW)
        .withDeadlineAfter(Limits.STREAM.toSeconds(), TimeUnit.SECONDS)
        .uploadPiece(call);
    call.begin();
    try {
      return call.response.get(Limits.STREAM.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException r) {
        throw failed(r);
      }
      throw lied("the upload failed: " + e.getCause());
    } catch (TimeoutException e) {
      throw lied("the upload took more than " + Limits.STREAM.toMinutes() + " minutes");
    } catch (InterruptedException e) {
      call.cancel();
      Thread.currentThread().interrupt();
      throw new PeerException(miner.peer().id(), "interrupted");
    }
  }

  /** Sends while the transport has room, so that memory stays bounded. */
  private static final class UploadCall
      implements ClientResponseObserver<UploadPieceRequest, UploadPieceResponse> {
    private final CompletableFuture<UploadPieceResponse> response = new CompletableFuture<>();
    private final DealId id;
    private final FileChannel file;
    private final long size;
    private final LongConsumer progress;
    private long at;
    private boolean began;
    private boolean closed;
    private @Nullable ClientCallStreamObserver<UploadPieceRequest> requests;

    UploadCall(DealId id, FileChannel file, long offset, long size, LongConsumer progress) {
      this.id = id;
      this.file = file;
      this.at = offset;
      this.size = size;
      this.progress = progress;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<UploadPieceRequest> stream) {
      requests = stream;
      stream.setOnReadyHandler(this::pump);
    }

    synchronized void begin() {
      began = true;
      send(
          UploadPieceRequest.newBuilder()
              .setHeader(UploadHeader.newBuilder().setDealId(Wire.bytes(id)).setOffset(at))
              .build());
      pump();
    }

    private void send(UploadPieceRequest request) {
      if (requests != null) {
        requests.onNext(request);
      }
    }

    private synchronized void pump() {
      if (!began || closed || requests == null) {
        return;
      }
      try {
        while (requests.isReady() && at < size) {
          byte[] bytes = new byte[(int) Math.min(UPLOAD_CHUNK, size - at)];
          ByteBuffer buffer = ByteBuffer.wrap(bytes);
          while (buffer.hasRemaining()) {
            if (file.read(buffer, at + buffer.position()) < 0) {
              throw new IOException(
                  "the file shrank to " + (at + buffer.position()) + " bytes while it was sent");
            }
          }
          send(
              UploadPieceRequest.newBuilder()
                  .setChunk(UnsafeByteOperations.unsafeWrap(bytes))
                  .build());
          at += bytes.length;
          progress.accept(at);
        }
        if (at == size) {
          closed = true;
          requests.onCompleted();
        }
      } catch (IOException e) {
        closed = true;
        requests.cancel("cannot read the file", e);
        response.completeExceptionally(e);
      }
    }

    void cancel() {
      if (requests != null) {
        requests.cancel("cancelled", null);
      }
    }

    @Override
    public void onNext(UploadPieceResponse value) {
      response.complete(value);
    }

    @Override
    public void onError(Throwable t) {
      response.completeExceptionally(t);
    }

    @Override
    public void onCompleted() {
      response.completeExceptionally(
          Status.INTERNAL
              .withDescription("the upload ended without an answer")
              .asRuntimeException());
    }
  }

  // ---------------------------------------------------------------- retrieval

  /** Takes verified bytes in order. */
  @FunctionalInterface
  public interface Sink {
    /** Bytes from a position of the piece on. */
    void write(long position, byte[] bytes, int offset, int length) throws IOException;
  }

  /**
   * Reads a range, verifying each chunk against the piece root before it is handed on.
   *
   * @throws IOException when the sink fails
   */
  public void retrieve(DealId id, Hash32 pieceRoot, RawSize size, long from, long to, Sink sink)
      throws IOException {
    Context.CancellableContext context = Context.current().withCancellation();
    try {
      Context previous = context.attach();
      try {
        retrieveNow(id, pieceRoot, size, from, to, sink);
      } finally {
        context.detach(previous);
      }
    } finally {
      context.cancel(null);
    }
  }

  private void retrieveNow(DealId id, Hash32 pieceRoot, RawSize size, long from, long to, Sink sink)
      throws IOException {
    TreeShape shape = size.shape();
    long next = from;
    try {
      Iterator<RetrieveRangeResponse> parts =
          retrieval
              .withDeadlineAfter(Limits.STREAM.toSeconds(), TimeUnit.SECONDS)
              .retrieveRange(
                  RetrieveRangeRequest.newBuilder()
                      .setDealId(Wire.bytes(id))
                      .setOffset(from)
                      .setLength(to - from)
                      .build());
      while (next < to) {
        if (!parts.hasNext()) {
          throw lied("it ended at byte " + next + " of " + to);
        }
        RetrieveRangeResponse part = parts.next();
        if (part.hasRefused()) {
          throw refused(part.getRefused());
        }
        next = accept(part.getChunk(), next, to, pieceRoot, size, shape, sink);
      }
    } catch (StatusRuntimeException e) {
      throw failed(e);
    }
  }

  private long accept(
      RetrieveChunk chunk,
      long next,
      long to,
      Hash32 pieceRoot,
      RawSize size,
      TreeShape shape,
      Sink sink)
      throws IOException {
    long offset = chunk.getOffset();
    byte[] data = chunk.getData().toByteArray();
    long end = offset + data.length;
    boolean aligned =
        offset >= 0
            && offset % Fr32.RAW == 0
            && (data.length % Fr32.RAW == 0 || end == size.bytes());
    if (!aligned
        || data.length == 0
        || data.length > 3 * Chunks.RAW
        || offset > next
        || end <= next
        || end > size.bytes()) {
      throw lied("it sent bytes " + offset + " to " + end + " where byte " + next + " was due");
    }
    int groups = (data.length + Fr32.RAW - 1) / Fr32.RAW;
    byte[] leaves = new byte[groups * Fr32.PADDED];
    Fr32.pad(Arrays.copyOf(data, groups * Fr32.RAW), 0, leaves, 0, groups);
    if (!RangeProof.verify(
        pieceRoot, shape, offset / Fr32.RAW * 4, leaves, chunk.getProof().toByteArray())) {
      throw lied("bytes " + offset + " to " + end + " do not belong to piece " + pieceRoot);
    }
    int skip = (int) (next - offset);
    int length = (int) (Math.min(end, to) - next);
    sink.write(next, data, skip, length);
    return next + length;
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
