package io.granary.miner.grpc;

import io.granary.miner.OperatorLog;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.replica.Reading;
import io.granary.miner.replica.ReplicaReader;
import io.granary.miner.storage.DealBook;
import io.granary.miner.storage.ProofStore;
import io.granary.proofs.opening.DualOpening;
import io.granary.protocol.deal.Refusal;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.grpc.WireException;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.v1.GetPeriodProofRequest;
import io.granary.v1.GetPeriodProofResponse;
import io.granary.v1.OpenLeavesRequest;
import io.granary.v1.OpenLeavesResponse;
import io.granary.v1.OpenedLeaves;
import io.granary.v1.ProofServiceGrpc;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Optional;

/** Proofs on demand. */
public final class ProofGrpc extends ProofServiceGrpc.ProofServiceImplBase {
  private static final int MAX_LEAVES = 32;

  private final DealBook book;
  private final ReplicaReader replicas;
  private final ProofStore proofs;
  private final OperatorLog log;

  /** Over the node's parts. */
  public ProofGrpc(DealBook book, ReplicaReader replicas, ProofStore proofs, OperatorLog log) {
    this.book = book;
    this.replicas = replicas;
    this.proofs = proofs;
    this.log = log;
  }

  @Override
  public void openLeaves(OpenLeavesRequest request, StreamObserver<OpenLeavesResponse> observer) {
    observer.onNext(open(request));
    observer.onCompleted();
  }

  private OpenLeavesResponse open(OpenLeavesRequest request) {
    List<Long> leaves = request.getLeafIndicesList();
    if (leaves.isEmpty() || leaves.size() > MAX_LEAVES) {
      throw new WireException("leaf_indices must be 1 to " + MAX_LEAVES + ", not " + leaves.size());
    }
    Optional<StoredDeal> deal =
        book.find(Wire.dealId(request.getDealId())).filter(StoredDeal::hasReplica);
    if (deal.isEmpty()) {
      return refuse("NOT_STORED", "this miner does not store that deal", "", "");
    }
    long count = deal.get().terms().size().leafCount();
    for (long leaf : leaves) {
      if (leaf < 0 || leaf >= count) {
        throw new WireException(
            "leaf " + Long.toUnsignedString(leaf) + " is not below the deal's " + count);
      }
    }
    return switch (replicas.openBoth(deal.get(), leaves)) {
      case Reading.Good<List<DualOpening>> good ->
          OpenLeavesResponse.newBuilder()
              .setOpened(
                  OpenedLeaves.newBuilder()
                      .addAllOpenings(good.value().stream().map(Wire::message).toList()))
              .build();
      case Reading.Damaged<List<DualOpening>> damaged -> {
        log.damaged(deal.get().id(), "opening on demand", damaged.reason());
        yield refuse("DAMAGED", "this miner's replica is damaged", "", "");
      }
    };
  }

  private static OpenLeavesResponse refuse(
      String code, String message, String actual, String acceptable) {
    return OpenLeavesResponse.newBuilder()
        .setRefused(Wire.message(new Refusal(code, message, actual, acceptable)))
        .build();
  }

  @Override
  public void getPeriodProof(
      GetPeriodProofRequest request, StreamObserver<GetPeriodProofResponse> observer) {
    DealId id = Wire.dealId(request.getDealId());
    Period period = new Period(Integer.toUnsignedLong(request.getPeriod()));
    Optional<SignedPeriodProof> proof = proofs.find(id, period);
    GetPeriodProofResponse.Builder response = GetPeriodProofResponse.newBuilder();
    if (proof.isPresent()) {
      response.setProof(Wire.message(proof.get()));
    } else {
      response.setRefused(
          Wire.message(
              new Refusal(
                  "NO_PROOF",
                  "this miner has no proof of that deal for that period",
                  period.toString(),
                  "")));
    }
    observer.onNext(response.build());
    observer.onCompleted();
  }
}
