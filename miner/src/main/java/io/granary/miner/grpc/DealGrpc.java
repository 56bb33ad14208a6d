package io.granary.miner.grpc;

import io.granary.miner.engine.Intake;
import io.granary.miner.engine.Renewals;
import io.granary.miner.engine.Uploads;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.sealing.SealingRoom;
import io.granary.miner.storage.DealBook;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.SignedAsk;
import io.granary.protocol.grpc.AuthServerInterceptor;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.grpc.WireException;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.v1.Acceptance;
import io.granary.v1.DealServiceGrpc;
import io.granary.v1.DealStatus;
import io.granary.v1.GetAskRequest;
import io.granary.v1.GetAskResponse;
import io.granary.v1.GetDealRequest;
import io.granary.v1.GetDealResponse;
import io.granary.v1.GetUploadRequest;
import io.granary.v1.GetUploadResponse;
import io.granary.v1.ProposeDealRequest;
import io.granary.v1.ProposeDealResponse;
import io.granary.v1.RenewDealRequest;
import io.granary.v1.RenewDealResponse;
import io.granary.v1.Renewal;
import io.granary.v1.UploadDone;
import io.granary.v1.UploadPieceRequest;
import io.granary.v1.UploadPieceResponse;
import io.granary.v1.WatchDealRequest;
import io.granary.v1.WatchDealResponse;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;

/** The miner's front door on the wire. */
public final class DealGrpc extends DealServiceGrpc.DealServiceImplBase {
  private static final int MAX_CHUNK = 1 << 20;

  private final Intake intake;
  private final Renewals renewals;
  private final Uploads uploads;
  private final DealBook book;
  private final SealingRoom sealing;

  /** Over the node's parts. */
  public DealGrpc(
      Intake intake, Renewals renewals, Uploads uploads, DealBook book, SealingRoom sealing) {
    this.intake = intake;
    this.renewals = renewals;
    this.uploads = uploads;
    this.book = book;
    this.sealing = sealing;
  }

  @Override
  public void getAsk(GetAskRequest request, StreamObserver<GetAskResponse> observer) {
    SignedAsk ask = intake.ask(request.getRawSize(), Integer.toUnsignedLong(request.getPeriods()));
    observer.onNext(GetAskResponse.newBuilder().setAsk(Wire.message(ask)).build());
    observer.onCompleted();
  }

  @Override
  public void proposeDeal(
      ProposeDealRequest request, StreamObserver<ProposeDealResponse> observer) {
    Intake.Decision decision =
        intake.propose(
            Wire.signedProposal(request.getProposal()),
            Wire.ask(request.getAsk()),
            AuthServerInterceptor.CALLER.get());
    ProposeDealResponse.Builder response = ProposeDealResponse.newBuilder();
    switch (decision) {
      case Intake.Decision.Accepted a ->
          response.setAccepted(
              Acceptance.newBuilder()
                  .setDealId(Wire.bytes(a.id()))
                  .setUploadOffset(uploads.durable(a.id())));
      case Intake.Decision.Declined d -> response.setDeclined(Wire.message(d.refusal()));
    }
    observer.onNext(response.build());
    observer.onCompleted();
  }

  @Override
  public void renewDeal(RenewDealRequest request, StreamObserver<RenewDealResponse> observer) {
    RenewDealResponse.Builder response = RenewDealResponse.newBuilder();
    switch (renewals.renew(
        Wire.signedExtension(request.getExtension()), AuthServerInterceptor.CALLER.get())) {
      case Renewals.Decision.Renewed r ->
          response.setRenewed(
              Renewal.newBuilder().setTransaction(Wire.bytes(r.transaction().hash())));
      case Renewals.Decision.Declined d -> response.setDeclined(Wire.message(d.refusal()));
    }
    observer.onNext(response.build());
    observer.onCompleted();
  }

  @Override
  public void getUpload(GetUploadRequest request, StreamObserver<GetUploadResponse> observer) {
    try {
      Uploads.Standing standing =
          uploads.standing(Wire.dealId(request.getDealId()), AuthServerInterceptor.CALLER.get());
      observer.onNext(
          GetUploadResponse.newBuilder()
              .setOffset(standing.offset())
              .setComplete(standing.complete())
              .build());
      observer.onCompleted();
    } catch (Uploads.RefusedException e) {
      throw Status.FAILED_PRECONDITION
          .withDescription(e.refusal().code() + ": " + e.refusal().message())
          .asRuntimeException();
    }
  }

  @Override
  public StreamObserver<UploadPieceRequest> uploadPiece(
      StreamObserver<UploadPieceResponse> observer) {
    Upload upload = new Upload(AuthServerInterceptor.CALLER.get(), observer);
    // However the call ends, by its peer, its deadline or a fault of ours, the deal is free for the
    // next stream.
    ServerCallStreamObserver<UploadPieceResponse> call =
        (ServerCallStreamObserver<UploadPieceResponse>) observer;
    call.setOnCancelHandler(upload::abandon);
    call.setOnCloseHandler(upload::abandon);
    return upload;
  }

  private final class Upload implements StreamObserver<UploadPieceRequest> {
    private final Address caller;
    private final StreamObserver<UploadPieceResponse> observer;
    private Uploads.@Nullable Session session;
    private boolean answered;

    Upload(Address caller, StreamObserver<UploadPieceResponse> observer) {
      this.caller = caller;
      this.observer = observer;
    }

    @Override
    public void onNext(UploadPieceRequest request) {
      if (answered) {
        return;
      }
      try {
        switch (request.getPartCase()) {
          case HEADER -> open(request);
          case CHUNK -> write(request);
          case PART_NOT_SET ->
              throw new WireException(
                  "an upload message is a header or a chunk; this one is empty");
        }
      } catch (Uploads.RefusedException e) {
        refuse(e);
      } catch (RuntimeException e) {
        abandon();
        throw e;
      }
    }

    private void open(UploadPieceRequest request) throws Uploads.RefusedException {
      if (session != null) {
        throw new WireException("the header comes once, first");
      }
      session =
          uploads.open(
              Wire.dealId(request.getHeader().getDealId()),
              request.getHeader().getOffset(),
              caller);
    }

    private void write(UploadPieceRequest request) throws Uploads.RefusedException {
      if (session == null) {
        throw new WireException("the header comes first, then chunks");
      }
      if (request.getChunk().isEmpty() || request.getChunk().size() > MAX_CHUNK) {
        throw new WireException(
            "a chunk has 1 to " + MAX_CHUNK + " bytes, not " + request.getChunk().size());
      }
      for (java.nio.ByteBuffer part : request.getChunk().asReadOnlyByteBufferList()) {
        session.write(part);
      }
    }

    @Override
    public void onError(Throwable t) {
      abandon();
    }

    @Override
    public void onCompleted() {
      if (answered) {
        return;
      }
      if (session == null) {
        throw new WireException("the upload ended before its header");
      }
      try {
        Uploads.Standing standing = session.finish();
        if (standing.complete()) {
          sealing.submit(session.deal());
        }
        answer(
            UploadPieceResponse.newBuilder()
                .setDone(
                    UploadDone.newBuilder()
                        .setOffset(standing.offset())
                        .setComplete(standing.complete()))
                .build());
      } catch (Uploads.RefusedException e) {
        refuse(e);
      } finally {
        abandon();
      }
    }

    private void refuse(Uploads.RefusedException e) {
      abandon();
      answer(UploadPieceResponse.newBuilder().setRefused(Wire.message(e.refusal())).build());
    }

    private void answer(UploadPieceResponse response) {
      answered = true;
      observer.onNext(response);
      observer.onCompleted();
    }

    private void abandon() {
      if (session != null) {
        session.close();
      }
    }
  }

  private DealStatus status(StoredDeal deal) {
    boolean beingSealed =
        deal.stage() == DealStage.UPLOADED && sealing.sealedBytes(deal.id()).isPresent();
    DealStage stage = beingSealed ? DealStage.SEALING : deal.stage();
    long sealed =
        deal.hasReplica() ? deal.terms().size().bytes() : sealing.sealedBytes(deal.id()).orElse(0L);
    return DealStatus.newBuilder()
        .setDealId(Wire.bytes(deal.id()))
        .setStage(Wire.message(stage))
        .setReason(deal.reason())
        .setSealedBytes(sealed)
        .build();
  }

  private StoredDeal find(DealId id) {
    return book.find(id)
        .orElseThrow(
            () ->
                Status.NOT_FOUND
                    .withDescription("this miner has no deal " + id)
                    .asRuntimeException());
  }

  @Override
  public void getDeal(GetDealRequest request, StreamObserver<GetDealResponse> observer) {
    observer.onNext(
        GetDealResponse.newBuilder()
            .setStatus(status(find(Wire.dealId(request.getDealId()))))
            .build());
    observer.onCompleted();
  }

  @Override
  public void watchDeal(WatchDealRequest request, StreamObserver<WatchDealResponse> observer) {
    StoredDeal deal = find(Wire.dealId(request.getDealId()));
    ServerCallStreamObserver<WatchDealResponse> call =
        (ServerCallStreamObserver<WatchDealResponse>) observer;
    Watch watch = new Watch(call);
    DealBook.Subscription subscription = book.watch(deal.id(), watch::tell);
    call.setOnCancelHandler(subscription::close);
    call.setOnCloseHandler(subscription::close);
    call.setOnReadyHandler(() -> book.find(deal.id()).ifPresent(watch::tell));
    watch.tell(deal);
  }

  /** Tells changes; a slow peer misses some, never the last. */
  private final class Watch {
    private final ServerCallStreamObserver<WatchDealResponse> call;
    private @Nullable DealStatus last;
    private boolean done;

    Watch(ServerCallStreamObserver<WatchDealResponse> call) {
      this.call = call;
    }

    synchronized void tell(StoredDeal deal) {
      boolean end = deal.stage() == DealStage.ACTIVE || deal.isOver();
      DealStatus now = status(deal);
      if (done || call.isCancelled() || now.equals(last) || (!call.isReady() && !end)) {
        return;
      }
      last = now;
      call.onNext(WatchDealResponse.newBuilder().setStatus(now).build());
      if (end) {
        done = true;
        call.onCompleted();
      }
    }
  }
}
