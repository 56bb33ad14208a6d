package io.granary.auditor.grpc;

import io.granary.auditor.ProofCheck;
import io.granary.auditor.storage.AuditRecord;
import io.granary.auditor.storage.AuditStore;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.grpc.AuthServerInterceptor;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.grpc.WireException;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.Period;
import io.granary.v1.AuditServiceGrpc;
import io.granary.v1.AuditVerdict;
import io.granary.v1.ListAuditsRequest;
import io.granary.v1.ListAuditsResponse;
import io.granary.v1.ProofAccepted;
import io.granary.v1.PushOutcome;
import io.granary.v1.PushPeriodProofsRequest;
import io.granary.v1.PushPeriodProofsResponse;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Optional;

/** The auditor's service on the wire. */
public final class AuditGrpc extends AuditServiceGrpc.AuditServiceImplBase {
  private static final int MAX_PROOFS = 64;
  private static final int MAX_RECORDS = 1000;

  private final ProofCheck check;
  private final AuditStore store;

  /** Over the check and the store. */
  public AuditGrpc(ProofCheck check, AuditStore store) {
    this.check = check;
    this.store = store;
  }

  @Override
  public void pushPeriodProofs(
      PushPeriodProofsRequest request, StreamObserver<PushPeriodProofsResponse> observer) {
    if (request.getProofsCount() > MAX_PROOFS) {
      throw new WireException(
          "proofs must be at most " + MAX_PROOFS + ", not " + request.getProofsCount());
    }
    Address caller = AuthServerInterceptor.CALLER.get();
    PushPeriodProofsResponse.Builder response = PushPeriodProofsResponse.newBuilder();
    List<SignedPeriodProof> proofs =
        request.getProofsList().stream().map(Wire::periodProof).toList();
    check.check(proofs, Optional.of(caller)).forEach(o -> response.addOutcomes(outcome(o)));
    observer.onNext(response.build());
    observer.onCompleted();
  }

  private static PushOutcome outcome(ProofCheck.Outcome outcome) {
    return switch (outcome) {
      case ProofCheck.Outcome.Accepted a ->
          PushOutcome.newBuilder()
              .setAccepted(ProofAccepted.newBuilder().setKnown(a.known()))
              .build();
      case ProofCheck.Outcome.Refused r ->
          PushOutcome.newBuilder().setRefused(Wire.message(r.refusal())).build();
    };
  }

  @Override
  public void listAudits(ListAuditsRequest request, StreamObserver<ListAuditsResponse> observer) {
    int limit = request.getLimit();
    if (limit < 1 || limit > MAX_RECORDS) {
      throw new WireException(
          "limit must be 1 to " + MAX_RECORDS + ", not " + Integer.toUnsignedString(limit));
    }
    ListAuditsResponse.Builder response = ListAuditsResponse.newBuilder();
    Period from = new Period(Integer.toUnsignedLong(request.getFromPeriod()));
    for (AuditRecord r : store.records(Wire.dealId(request.getDealId()), from, limit)) {
      response.addRecords(
          io.granary.v1.AuditRecord.newBuilder()
              .setPeriod((int) r.period().index())
              .setVerdict(AuditVerdict.forNumber(r.verdict().ordinal() + 1))
              .setReason(r.reason())
              .setReceivedAt(r.receivedAt().getEpochSecond()));
    }
    observer.onNext(response.build());
    observer.onCompleted();
  }
}
