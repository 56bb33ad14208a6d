package io.granary.auditor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.granary.auditor.storage.AuditRecord;
import io.granary.auditor.storage.WatchedDeal;
import io.granary.auditor.storage.rocksdb.RocksAuditStore;
import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.proofs.challenge.Positions;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.seal.Replica;
import io.granary.proofs.tree.Opening;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.PeriodProof;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.grpc.AuthClientInterceptor;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.v1.AuditServiceGrpc;
import io.granary.v1.AuditVerdict;
import io.granary.v1.ListAuditsRequest;
import io.granary.v1.PushOutcome;
import io.granary.v1.PushPeriodProofsRequest;
import io.grpc.ClientInterceptors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Miners that push proofs over real TLS, honest ones and ones that lie in one way each. */
class ProofSinkTest extends SinkFixture {
  @BeforeEach
  void start(@TempDir Path home) throws IOException {
    begin(home);
  }

  @AfterEach
  void stop() throws IOException {
    end();
  }

  private PushOutcome push(SignedPeriodProof proof, EthKey caller) {
    return push(PushPeriodProofsRequest.newBuilder().addProofs(Wire.message(proof)).build(), caller)
        .get(0);
  }

  private List<PushOutcome> push(PushPeriodProofsRequest request, EthKey caller) {
    return AuditServiceGrpc.newBlockingStub(
            ClientInterceptors.intercept(
                channel, new AuthClientInterceptor(DOMAIN, caller, AUDITOR)))
        .pushPeriodProofs(request)
        .getOutcomesList();
  }

  private void refused(String code, PeriodProof proof) {
    assertEquals(code, push(sign(proof, operator), operator).getRefused().getCode());
  }

  private void nothingKept() {
    assertTrue(store.records(DEAL, new Period(0), 100).isEmpty());
  }

  @Test
  void anHonestProofIsKeptOnceAndSurvivesARestart() throws IOException {
    assertFalse(push(sign(honest(), operator), operator).getAccepted().getKnown());
    assertTrue(push(sign(honest(), operator), operator).getAccepted().getKnown());
    var listed =
        AuditServiceGrpc.newBlockingStub(channel)
            .listAudits(
                ListAuditsRequest.newBuilder().setDealId(Wire.bytes(DEAL)).setLimit(10).build())
            .getRecordsList();
    assertEquals(1, listed.size());
    assertEquals(5, listed.get(0).getPeriod());
    assertEquals(AuditVerdict.AUDIT_VERDICT_OK, listed.get(0).getVerdict());
    store.close();
    store = RocksAuditStore.open(dir.resolve("db"));
    assertEquals(AuditRecord.Verdict.OK, store.record(DEAL, PERIOD).orElseThrow().verdict());
  }

  /** Only a leaf that leads to both roots and is sealed wrong convicts. */
  @Test
  void aWrongSealIsEvidenceAndAnythingElseIsNot() throws IOException {
    PeriodProof honest = honest();
    DualOpening first = honest.openings().getFirst();
    List<DualOpening> torn = new ArrayList<>(honest.openings());
    byte[] packed = first.sealed().packed();
    packed[40] ^= 1;
    torn.set(0, new DualOpening(first.leaf(), first.piece(), Opening.of(packed)));
    refused("WRONG_OPENING", new PeriodProof(DEAL, PERIOD, honest.seed(), torn));
    List<DualOpening> swapped = new ArrayList<>(honest.openings());
    swapped.set(0, honest.openings().getLast());
    refused("WRONG_OPENING", new PeriodProof(DEAL, PERIOD, honest.seed(), swapped));
    assertEquals(List.of(), wrongSeals);

    // This deal's replica is not of its piece: the other's bytes under its mask.
    WatchedDeal good = deals.get(DEAL);
    DealProposal other = deals.get(OTHER).terms();
    Replica wrong = replicas.get(DEAL);
    Replica rightPiece = replicas.get(OTHER);
    store.watch(List.of(new WatchedDeal(DEAL, other, good.sealedRoot())), new BlockNumber(2));
    List<DualOpening> openings = new ArrayList<>();
    for (long leaf : Positions.audit(honest.seed(), DEAL.hash(), other.size().leafCount())) {
      openings.add(
          new DualOpening(leaf, rightPiece.openBoth(leaf).piece(), wrong.openBoth(leaf).sealed()));
    }
    refused("WRONG_OPENING", new PeriodProof(DEAL, PERIOD, honest.seed(), openings));
    assertEquals(1, wrongSeals.size());
    DisputeEvidence evidence = wrongSeals.getFirst();
    assertEquals(DEAL, evidence.dealId());
    assertEquals(openings.getFirst().leaf(), evidence.leaf().value());
    DisputeEvidence read = DisputeEvidence.load(evidence.save(dir.resolve("disputes")));
    assertEquals(evidence.dealId(), read.dealId());
    assertEquals(evidence.leaf(), read.leaf());
    assertArrayEquals(DualOpening.pack(openings.subList(0, 1)), read.openings());
  }

  @Test
  void onlyTheOperatorPushesAndSigns() throws IOException {
    EthKey stranger = EthKey.generate();
    assertEquals("NOT_OPERATOR", push(sign(honest(), operator), stranger).getRefused().getCode());
    assertEquals("BAD_SIGNATURE", push(sign(honest(), stranger), operator).getRefused().getCode());
    PeriodProof later = proof(DEAL, new Period(6), seeds.get(new Period(6)));
    assertEquals(
        "BAD_SIGNATURE",
        push(new SignedPeriodProof(honest(), sign(later, operator).signature()), operator)
            .getRefused()
            .getCode());
    nothingKept();
  }

  @Test
  void aProofOfAnotherTimeIsRefused() throws IOException {
    Hash32 before = seeds.get(new Period(4));
    refused("WRONG_SEED", proof(DEAL, PERIOD, before));
    refused("NOT_IN_DEAL", proof(DEAL, new Period(2), before));
    refused("NOT_IN_DEAL", proof(DEAL, new Period(8), before));
    // This auditor's endpoint does not know its challenge block yet, which the miner may wait for.
    refused("SEED_PENDING", proof(DEAL, new Period(7), before));
    nothingKept();
  }

  @Test
  void aProofOfAnotherDealIsRefused() throws IOException {
    DealId unknown = new DealId(Sha256.hash(new byte[] {3}));
    refused(
        "UNKNOWN_DEAL", new PeriodProof(unknown, PERIOD, seeds.get(PERIOD), honest().openings()));
    nothingKept();
    PeriodProof other = proof(OTHER, PERIOD, seeds.get(PERIOD));
    // Leaves of the other deal's positions: they do not even unpack as openings of this one's.
    PeriodProof moved = new PeriodProof(DEAL, PERIOD, other.seed(), other.openings());
    refused("WRONG_OPENING", moved);
    assertEquals(AuditRecord.Verdict.WRONG, store.record(DEAL, PERIOD).orElseThrow().verdict());
    assertTrue(store.records(OTHER, new Period(0), 100).isEmpty());
  }

  @Test
  void wrongOpeningsAreNotedUntilTheRightOnesComeAndNeverUndoThem() throws IOException {
    PeriodProof right = honest();
    List<DualOpening> swapped = new ArrayList<>(right.openings());
    Collections.swap(swapped, 0, 1);
    PeriodProof wrong = new PeriodProof(DEAL, PERIOD, right.seed(), swapped);
    PeriodProof few = new PeriodProof(DEAL, PERIOD, right.seed(), right.openings().subList(0, 1));
    refused("WRONG_OPENING", wrong);
    AuditRecord noted = store.record(DEAL, PERIOD).orElseThrow();
    assertEquals(AuditRecord.Verdict.WRONG, noted.verdict());
    assertFalse(noted.reason().isEmpty());
    assertFalse(push(sign(right, operator), operator).getAccepted().getKnown());
    refused("WRONG_OPENING", wrong);
    refused("WRONG_OPENING", few);
    assertEquals(AuditRecord.Verdict.OK, store.record(DEAL, PERIOD).orElseThrow().verdict());
  }

  @Test
  void aBatchIsAnsweredInItsOrder() throws IOException {
    PushPeriodProofsRequest request =
        PushPeriodProofsRequest.newBuilder()
            .addProofs(Wire.message(sign(honest(), operator)))
            .addProofs(Wire.message(sign(proof(DEAL, PERIOD, seeds.get(new Period(4))), operator)))
            .addProofs(Wire.message(sign(proof(OTHER, PERIOD, seeds.get(PERIOD)), operator)))
            .build();
    List<PushOutcome> outcomes = push(request, operator);
    assertTrue(outcomes.get(0).hasAccepted());
    assertEquals("WRONG_SEED", outcomes.get(1).getRefused().getCode());
    assertTrue(outcomes.get(2).hasAccepted());
  }

  @Test
  void whatIsMalformedIsNamed() throws IOException {
    var good = Wire.message(sign(honest(), operator));
    var tooMany = PushPeriodProofsRequest.newBuilder();
    for (int i = 0; i < 65; i++) {
      tooMany.addProofs(good);
    }
    invalid("65", tooMany.build());
    var shortId = good.toBuilder().setDealId(ByteString.copyFrom(new byte[31])).build();
    invalid("deal_id", PushPeriodProofsRequest.newBuilder().addProofs(shortId).build());
    var noSignature = good.toBuilder().clearSignature().build();
    invalid("signature", PushPeriodProofsRequest.newBuilder().addProofs(noSignature).build());
    nothingKept();
    StatusRuntimeException nobody =
        assertThrows(
            StatusRuntimeException.class,
            () ->
                AuditServiceGrpc.newBlockingStub(channel)
                    .pushPeriodProofs(PushPeriodProofsRequest.getDefaultInstance()));
    assertEquals(Status.Code.UNAUTHENTICATED, nobody.getStatus().getCode());
    StatusRuntimeException noLimit =
        assertThrows(
            StatusRuntimeException.class,
            () ->
                AuditServiceGrpc.newBlockingStub(channel)
                    .listAudits(
                        ListAuditsRequest.newBuilder().setDealId(Wire.bytes(DEAL)).build()));
    assertEquals(Status.Code.INVALID_ARGUMENT, noLimit.getStatus().getCode());
  }

  private void invalid(String what, PushPeriodProofsRequest request) {
    StatusRuntimeException e =
        assertThrows(StatusRuntimeException.class, () -> push(request, operator));
    assertEquals(Status.Code.INVALID_ARGUMENT, e.getStatus().getCode());
    assertTrue(String.valueOf(e.getStatus().getDescription()).contains(what), e.getMessage());
  }
}
