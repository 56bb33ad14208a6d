package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.testing.ModelChain;
import io.granary.miner.testing.Renter;
import io.granary.proofs.Hash32;
import io.granary.proofs.challenge.Positions;
import io.granary.proofs.opening.DualVerifier;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.Signatures;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.PeriodProof;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.grpc.CallAuth;
import io.granary.protocol.grpc.NodeServer;
import io.granary.protocol.grpc.TlsIdentity;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.v1.AuditServiceGrpc;
import io.granary.v1.GetPeriodProofRequest;
import io.granary.v1.GetPeriodProofResponse;
import io.granary.v1.ProofAccepted;
import io.granary.v1.PushOutcome;
import io.granary.v1.PushPeriodProofsRequest;
import io.granary.v1.PushPeriodProofsResponse;
import io.granary.v1.Refusal;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Period proofs on their way to an auditor, over TLS. */
final class PushTest {
  private final EthKey auditorKey = EthKey.generate();
  private @TempDir Path dir;
  private MinerFixture f;
  private Sink sink;

  /** An auditor that keeps what it is sent, or refuses it. */
  private static final class Sink extends AuditServiceGrpc.AuditServiceImplBase {
    private final List<SignedPeriodProof> received = new CopyOnWriteArrayList<>();
    private volatile String refuse = "";
    volatile int most = 64;
    final AtomicInteger cutOff = new AtomicInteger();
    volatile Optional<DealId> unknown = Optional.empty();

    @Override
    public void pushPeriodProofs(
        PushPeriodProofsRequest request, StreamObserver<PushPeriodProofsResponse> observer) {
      if (request.getProofsCount() > most) {
        cutOff.incrementAndGet();
        observer.onError(Status.DEADLINE_EXCEEDED.asRuntimeException());
        return;
      }
      PushPeriodProofsResponse.Builder response = PushPeriodProofsResponse.newBuilder();
      for (io.granary.v1.PeriodProof proof : request.getProofsList()) {
        if (unknown.isPresent() && Wire.dealId(proof.getDealId()).equals(unknown.get())) {
          response.addOutcomes(
              PushOutcome.newBuilder().setRefused(Refusal.newBuilder().setCode("UNKNOWN_DEAL")));
        } else if (refuse.isEmpty()) {
          received.add(Wire.periodProof(proof));
          response.addOutcomes(
              PushOutcome.newBuilder().setAccepted(ProofAccepted.getDefaultInstance()));
        } else {
          response.addOutcomes(
              PushOutcome.newBuilder().setRefused(Refusal.newBuilder().setCode(refuse)));
        }
      }
      observer.onNext(response.build());
      observer.onCompleted();
    }
  }

  @BeforeEach
  void start() throws IOException {
    f = new MinerFixture(dir).start();
    sink = new Sink();
  }

  @AfterEach
  void stop() {
    f.close();
  }

  private NodeServer auditor(int port) throws IOException {
    TlsIdentity tls = TlsIdentity.loadOrCreate(dir.resolve("auditor"));
    NodeServer server =
        NodeServer.start(
            new InetSocketAddress("127.0.0.1", port),
            tls,
            new CallAuth(ModelChain.DOMAIN, auditorKey.address(), Clock.systemUTC()),
            List.of(sink));
    f.chain.registerAuditor(
        new PeerRecord(auditorKey.address(), "127.0.0.1:" + server.port(), tls.tlsKeyHash()));
    return server;
  }

  private DealProposal audited(byte[] piece, long periods) {
    DealProposal p = f.terms(piece, periods);
    return new DealProposal(
        p.client(),
        p.miner(),
        auditorKey.address(),
        p.pieceRoot(),
        p.size(),
        1,
        p.periods(),
        p.price(),
        p.collateral(),
        p.publishBy(),
        p.activateBy(),
        p.replaces(),
        p.salt());
  }

  private DealId activeAudited(byte[] piece) {
    DealId id = f.renter().agree(audited(piece, 100));
    f.renter().upload(id, piece, 0, piece.length);
    f.chain.mineUntil("active", () -> f.chain.state(id) == DealState.ACTIVE);
    return id;
  }

  private void assertGood(SignedPeriodProof signed, DealId id) {
    PeriodProof proof = signed.proof();
    assertEquals(id, proof.dealId());
    assertEquals(f.chain.periodSeed(f.miner, proof.period()).orElseThrow(), proof.seed());
    assertEquals(
        f.operator.address(),
        Signatures.recover(Eip712.periodProof(ModelChain.DOMAIN, proof), signed.signature())
            .orElseThrow());
    DealProposal p = f.node().deals().find(id).orElseThrow().terms();
    Hash32 sealedRoot = f.chain.deal(id).orElseThrow().sealedRoot();
    DualVerifier verifier =
        new DualVerifier(id.hash(), 1, p.pieceRoot(), sealedRoot, p.size().leafCount());
    assertInstanceOf(
        DualVerifier.Verdict.Ok.class,
        verifier.verify(
            Positions.audit(proof.seed(), id.hash(), p.size().leafCount()), proof.openings()));
  }

  @Test
  void everyPeriodIsPushedSignedAndKeptForPulling() throws IOException {
    try (NodeServer server = auditor(0)) {
      DealId id = activeAudited(Renter.piece(700_000, 1));
      f.chain.mineUntil("three proofs", () -> sink.received.size() >= 3);
      sink.received.forEach(p -> assertGood(p, id));
      long period = sink.received.getFirst().proof().period().index();
      assertEquals(period + 2, sink.received.get(2).proof().period().index());
      GetPeriodProofResponse kept =
          f.renter()
              .proofs()
              .getPeriodProof(
                  GetPeriodProofRequest.newBuilder()
                      .setDealId(Wire.bytes(id))
                      .setPeriod((int) period)
                      .build());
      assertEquals(sink.received.getFirst(), Wire.periodProof(kept.getProof()));
      assertTrue(server.port() > 0);
    }
  }

  @Test
  void nothingIsSignedForAPeriodOfAnnouncedMaintenance() throws IOException {
    try (NodeServer server = auditor(0)) {
      DealId id = activeAudited(Renter.piece(100_000, 5));
      long first = f.chain.deal(id).orElseThrow().start().index();
      f.market.announceMaintenance(f.miner, new Period(first + 2), 1);
      f.chain.mineUntil("four proofs", () -> sink.received.size() >= 4);
      assertEquals(
          List.of(first, first + 1, first + 3, first + 4),
          sink.received.stream().map(p -> p.proof().period().index()).sorted().limit(4).toList());
      assertTrue(server.port() > 0);
    }
  }

  @Test
  void anAuditorThatWasAwayGetsWhatItMissedEvenAfterACrash() throws IOException {
    int port;
    try (NodeServer server = auditor(0)) {
      port = server.port();
    }
    DealId id = activeAudited(Renter.piece(100_000, 2));
    int before = f.market.proofs.get();
    f.chain.mineUntil("proofs wait", () -> f.market.proofs.get() >= before + 3);
    f.chain.mineUntil("it was tried", () -> f.hadTrouble("auditor-unreachable"));
    f.crashAndRestart();
    try (NodeServer server = auditor(port)) {
      f.chain.mineUntil("all came", () -> sink.received.size() >= 3);
      sink.received.forEach(p -> assertGood(p, id));
      assertEquals(port, server.port());
    }
  }

  @Test
  void aRefusedProofIsToldAndNotSentForEver() throws IOException {
    try (NodeServer server = auditor(0)) {
      sink.refuse = "BAD_PROOF";
      activeAudited(Renter.piece(100_000, 3));
      f.chain.mineUntil("it is told", () -> f.hadTrouble("proof-refused"));
      sink.refuse = "";
      long refused = f.chain.clock(f.miner).periodAt(f.chain.head().number().value());
      f.chain.mineUntil("the next comes", () -> !sink.received.isEmpty());
      assertTrue(
          sink.received.stream().noneMatch(p -> p.proof().period().index() < refused),
          sink.received.toString());
      assertTrue(server.port() > 0);
    }
  }

  @Test
  void aPeriodWhoseWindowClosedWhileTheNodeWasAwayIsSignedAfterwards() throws IOException {
    try (NodeServer server = auditor(0)) {
      DealId id = activeAudited(Renter.piece(100_000, 5));
      f.chain.mineUntil("one proof", () -> !sink.received.isEmpty());
      long last = sink.received.getLast().proof().period().index();
      f.close();
      for (int i = 0; i < 3 * f.chain.terms().periodBlocks(); i++) {
        f.chain.mine();
      }
      f.start();
      f.chain.mineUntil(
          "the periods in between",
          () ->
              sink.received.stream()
                      .map(p -> p.proof().period().index())
                      .filter(p -> p == last + 1 || p == last + 2)
                      .distinct()
                      .count()
                  == 2);
      sink.received.forEach(p -> assertGood(p, id));
      assertTrue(server.port() > 0);
    }
  }

  @Test
  void aDealThatTheAuditorDoesNotKnowYetHoldsUpNoOther() throws IOException {
    try (NodeServer server = auditor(0)) {
      sink.most = 1;
      DealId first = activeAudited(Renter.piece(100_000, 6));
      sink.unknown = Optional.of(first);
      sink.received.clear();
      DealId second = activeAudited(Renter.piece(100_000, 7));
      f.chain.mineUntil(
          "the other deal's proofs",
          () -> sink.received.stream().filter(p -> p.proof().dealId().equals(second)).count() >= 2);
      sink.unknown = Optional.empty();
      f.chain.mineUntil(
          "those of the first",
          () -> sink.received.stream().anyMatch(p -> p.proof().dealId().equals(first)));
      assertTrue(server.port() > 0);
    }
  }

  @Test
  void whatAReorgMadeWorthlessIsSignedAgain() throws IOException {
    try (NodeServer server = auditor(0)) {
      DealId id = activeAudited(Renter.piece(100_000, 8));
      f.chain.mineUntil("a proof", () -> !sink.received.isEmpty());
      PeriodProof before = sink.received.getLast().proof();
      f.chain.reorg(f.chain.clock(f.miner).challengeBlock(before.period().index()));
      Hash32 seed = f.chain.periodSeed(f.miner, before.period()).orElseThrow();
      assertNotEquals(before.seed(), seed);
      f.chain.mineUntil(
          "that period's proof on the new branch",
          () ->
              sink.received.stream()
                  .map(SignedPeriodProof::proof)
                  .anyMatch(p -> p.period().equals(before.period()) && p.seed().equals(seed)));
      sink.received.stream()
          .filter(p -> p.proof().seed().equals(seed))
          .forEach(p -> assertGood(p, id));
      assertTrue(server.port() > 0);
    }
  }

  @Test
  void anAuditorThatIsTooSlowForABatchGetsSmallerOnes() throws IOException {
    int port;
    try (NodeServer server = auditor(0)) {
      port = server.port();
    }
    sink.most = 1;
    DealId id = activeAudited(Renter.piece(100_000, 9));
    int before = f.market.proofs.get();
    f.chain.mineUntil("five proofs wait", () -> f.market.proofs.get() >= before + 5);
    try (NodeServer server = auditor(port)) {
      f.chain.mineUntil("all came, one by one", () -> sink.received.size() >= 5);
      assertTrue(sink.cutOff.get() >= 2, "batches of five and of two were too slow");
      sink.received.forEach(p -> assertGood(p, id));
      assertEquals(port, server.port());
    }
  }

  @Test
  void anAuditorWithAnotherTlsKeyGetsNothing() throws IOException {
    try (NodeServer server = auditor(0)) {
      f.chain.registerAuditor(
          new PeerRecord(auditorKey.address(), "127.0.0.1:" + server.port(), Hash32.ZERO));
      activeAudited(Renter.piece(100_000, 4));
      f.chain.mineUntil("it is noticed", () -> f.hadTrouble("auditor-unreachable"));
      assertTrue(sink.received.isEmpty());
    }
  }
}
