package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.miner.ops.Alert;
import io.granary.miner.testing.Await;
import io.granary.miner.testing.Renter;
import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.deal.Cover;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.EarlyEnd;
import io.granary.protocol.deal.Extension;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.deal.SignedExtension;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import io.granary.v1.DealStage;
import io.granary.v1.GetUploadRequest;
import io.granary.v1.UploadPieceResponse;
import io.granary.v1.WatchDealRequest;
import io.granary.v1.WatchDealResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A deal from its proposal to the deletion of its data. */
final class DealLifeTest {
  private @TempDir Path dir;
  private MinerFixture f;

  @BeforeEach
  void start() throws IOException {
    f = new MinerFixture(dir).start();
  }

  @AfterEach
  void stop() {
    f.close();
  }

  @Test
  void whatTheRegistryHasOtherwiseIsToldOnce() {
    f.chain.register(
        new PeerRecord(f.miner, f.config().advertisedEndpoint(), Hash32.ZERO),
        f.clientKey.address(),
        true);
    f.chain.mineUntil("it is told", () -> told("the TLS key's hash is 0000").count() > 0);
    assertEquals(1, told("the operator is " + f.clientKey.address()).count());
    long later = f.chain.head().number().value() + 250;
    f.chain.mineUntil("it looks again", () -> f.chain.head().number().value() > later);
    assertEquals(1, told("the TLS key's hash is 0000").count());
    assertEquals(0, told("the endpoint is " + f.config().advertisedEndpoint()).count());
  }

  private Stream<OperatorLog.Trouble> told(String what) {
    return f.node().troubles().stream().filter(t -> t.message().startsWith(what));
  }

  @Test
  void aDealIsSealedProvedPaidAndForgotten() throws IOException {
    byte[] piece = Renter.piece(3_000_001, 1);
    DealId id = f.renter().agree(f.terms(piece, 4));
    UploadPieceResponse done = f.renter().upload(id, piece, 0, piece.length);
    assertTrue(done.getDone().getComplete());
    assertTrue(
        f.renter()
            .signedDeals()
            .getUpload(GetUploadRequest.newBuilder().setDealId(Wire.bytes(id)).build())
            .getComplete());
    f.chain.mineUntil("active", () -> f.chain.state(id) == DealState.ACTIVE);
    assertArrayEquals(
        piece,
        f.renter().retrieve(id, new RawSize(piece.length), Renter.root(piece), 0, 0).bytes());
    f.chain.mineUntil("completed", () -> f.chain.state(id) == DealState.COMPLETED);
    assertEquals(4, f.chain.deal(id).orElseThrow().proved());
    assertEquals(0, f.chain.deal(id).orElseThrow().missed());
    f.chain.mineUntil("ended", () -> f.renter().stage(id) == DealStage.DEAL_STAGE_ENDED);
    Await.until("the data is gone", () -> f.node().deals().find(id).orElseThrow().dataDeleted());
    assertFalse(Files.exists(f.replica(id)));
    assertEquals(0, f.node().deals().room(1).usedBytes());
    assertEquals(
        "NOT_STORED",
        f.renter().retrieve(id, new RawSize(piece.length), Renter.root(piece), 0, 0).refused());
    assertEquals(0, f.market.wrongProofs.get());
    assertEquals(List.of(), f.node().troubles());
  }

  @Test
  void aProofWhoseSeedAReorgChangesIsMadeAnewWithoutAnAlert() throws IOException {
    byte[] piece = Renter.piece(300_001, 5);
    DealId id = f.renter().agree(f.terms(piece, 3));
    assertTrue(f.renter().upload(id, piece, 0, piece.length).getDone().getComplete());
    f.chain.mineUntil("active", () -> f.chain.state(id) == DealState.ACTIVE);
    f.market.outdatedProofs.set(2);
    f.chain.mineUntil("completed", () -> f.chain.state(id) == DealState.COMPLETED);
    assertEquals(0, f.market.outdatedProofs.get());
    assertEquals(3, f.chain.deal(id).orElseThrow().proved());
    // How much of the window is left then depends on the machine; that nothing was refused does
    // not.
    assertEquals(
        List.of(),
        f.node().troubles().stream().filter(t -> t.alert() != Alert.PROOF_IS_TIGHT).toList());
  }

  @Test
  void inAnnouncedMaintenanceNothingIsProvedAndNoMissIsTold() throws IOException {
    byte[] piece = Renter.piece(300_001, 2);
    DealId id = f.renter().agree(f.terms(piece, 4));
    assertTrue(f.renter().upload(id, piece, 0, piece.length).getDone().getComplete());
    f.chain.mineUntil("active", () -> f.chain.state(id) == DealState.ACTIVE);
    Period excused = f.chain.deal(id).orElseThrow().start().plus(2);
    f.market.announceMaintenance(f.miner, excused, 1);
    f.chain.mineUntil("completed", () -> f.chain.state(id) == DealState.COMPLETED);
    // The period in which it became active may be proved too, when its window is still open then.
    assertEquals(3, f.chain.deal(id).orElseThrow().proved());
    assertFalse(f.chain.isProved(f.miner, excused));
    assertEquals(List.of(), f.node().troubles());
  }

  /** A deal that defaulted at its miner while another one was to take it over (Protocol §3.9). */
  @Test
  void aDefaultedPredecessorIsTerminatedBeforeItsSuccessorIsActivated() {
    DealId old = new DealId(Sha256.hash(new byte[] {9}));
    DealSnapshot like = f.chain.deal(f.activeDeal(Renter.piece(1_000, 31), 30)).orElseThrow();
    int run = f.chain.terms().maxMissRun() + 1;
    Address other = Address.of(Arrays.copyOf(old.hash().bytes(), 20));
    f.chain.put(
        new DealSnapshot(
            old,
            DealState.ACTIVE,
            like.client(),
            other,
            like.price(),
            like.collateral(),
            like.periods(),
            like.start(),
            like.end(),
            like.start().plus(run),
            0,
            run,
            run,
            like.activateBy(),
            like.sealBlock(),
            like.sealedRoot(),
            false,
            false,
            new Period(0)));
    f.chain.setCover(new Cover("", TokenAmount.ZERO));
    byte[] piece = Renter.piece(1_000, 32);
    DealId id = f.activeDeal(piece, MinerFixture.replacing(f.terms(piece, 10), old));
    assertEquals(DealState.TERMINATED, f.chain.state(old));
    assertEquals(DealState.ACTIVE, f.chain.state(id));
    assertEquals(1, Collections.frequency(f.market.sent, "terminate"));
  }

  private Extension extension(DealSnapshot d, long more) {
    return extension(d, more, 1);
  }

  /** At so many times the ask's price. */
  private Extension extension(DealSnapshot d, long more, long times) {
    DealProposal terms = f.node().deals().find(d.id()).orElseThrow().terms();
    TokenAmount price =
        Pricing.price(f.config().ask().pricePerLeafPeriod(), terms.size(), 1).times(times);
    return new Extension(
        d.id(),
        d.end(),
        d.end().plus(more),
        price,
        Pricing.collateral(
            f.chain.terms(), f.config().ask().collateralPerLeaf(), price, terms.size(), 1),
        new BlockNumber(head() + 1_000));
  }

  private String declined(Extension extension) {
    return f.renter().renew(extension).getDeclined().getCode();
  }

  @Test
  void anExtensionThatTheMinerOrTheMarketWouldNotTakeIsDeclinedUnsent() throws IOException {
    DealId id = f.activeDeal(Renter.piece(300_000, 4), 4);
    f.chain.mineUntil("a proof", () -> f.market.proofs.get() >= 1 && !frozen(id));
    DealSnapshot d = f.chain.deal(id).orElseThrow();
    Extension good = extension(d, 5);
    assertEquals("PRICE", declined(with(good, TokenAmount.of(1), good.collateral())));
    assertEquals(
        "COLLATERAL", declined(with(good, good.pricePerPeriod(), good.collateral().times(1_000))));
    assertEquals("PERIODS", declined(extension(d, 1_000_000)));
    assertEquals("PERIODS", declined(extension(d, 0)));
    f.chain.fund(d.client(), 0, 0);
    assertEquals("CLIENT_ESCROW", declined(good));
    f.chain.fund(d.client(), MinerFixture.RICH, MinerFixture.RICH);
    assertEquals("CLIENT_ESCROW", declined(good), "what is announced may be gone");
    f.chain.fund(d.client(), MinerFixture.RICH, 0);
    f.chain.fund(d.miner(), 0, 0);
    assertEquals("MINER_COLLATERAL", declined(extension(d, 5, 1_000)));
    f.chain.fund(d.miner(), MinerFixture.RICH, 0);
    assertEquals(
        "EXECUTE_BY",
        declined(
            new Extension(
                id,
                good.oldEnd(),
                good.newEnd(),
                good.pricePerPeriod(),
                good.collateral(),
                new BlockNumber(head()))));
    assertEquals(
        "END_MOVED",
        declined(
            new Extension(
                id,
                good.oldEnd().next(),
                good.newEnd(),
                good.pricePerPeriod(),
                good.collateral(),
                good.executeBy())));
    assertEquals(
        "UNKNOWN_DEAL",
        declined(
            new Extension(
                new DealId(Hash32.ZERO),
                good.oldEnd(),
                good.newEnd(),
                good.pricePerPeriod(),
                good.collateral(),
                good.executeBy())));
    SignedExtension other = f.renter().sign(extension(d, 6));
    assertEquals(
        "BAD_SIGNATURE",
        f.renter().renew(new SignedExtension(good, other.signature())).getDeclined().getCode());
    assertEquals(d.end(), f.chain.deal(id).orElseThrow().end());
    assertTrue(f.renter().renew(good).hasRenewed());
    assertEquals("END_MOVED", declined(good));

    // Who is denied is not served on.
    f.close();
    f.with(
            c ->
                c.withFilter(
                    new FilterPolicy(
                        Set.of(), Set.of(d.client()), 0, 0, List.of(), Duration.ofSeconds(1))))
        .start();
    assertEquals("CLIENT", declined(good));
  }

  private static Extension with(Extension e, TokenAmount price, TokenAmount collateral) {
    return new Extension(e.dealId(), e.oldEnd(), e.newEnd(), price, collateral, e.executeBy());
  }

  private boolean frozen(DealId id) {
    return f.chain.isFrozen(f.chain.deal(id).orElseThrow().miner());
  }

  @Test
  void anExtendedDealIsProvedToItsNewEnd() throws IOException {
    DealId id = f.activeDeal(Renter.piece(300_000, 3), 4);
    f.chain.mineUntil("a proof", () -> f.market.proofs.get() >= 1 && !frozen(id));
    DealSnapshot before = f.chain.deal(id).orElseThrow();
    Period newEnd = before.end().plus(5);
    assertTrue(f.renter().renew(extension(before, 5)).hasRenewed());
    f.chain.mineUntil(
        "the book knows", () -> f.node().deals().find(id).orElseThrow().end().equals(newEnd));
    f.crashAndRestart();
    assertEquals(newEnd, f.node().deals().find(id).orElseThrow().end());
    f.chain.mineUntil(
        "the old end is over", () -> f.chain.isProved(before.miner(), before.end().next()));
    assertEquals(DealState.ACTIVE, f.chain.state(id));
    assertTrue(Files.exists(f.replica(id)));
    f.chain.mineUntil("completed", () -> f.chain.state(id) == DealState.COMPLETED);
    assertEquals(newEnd, f.chain.deal(id).orElseThrow().cursor());
    assertEquals(0, f.chain.deal(id).orElseThrow().missed());
    f.chain.mineUntil("ended", () -> f.renter().stage(id) == DealStage.DEAL_STAGE_ENDED);
    assertEquals(0, f.market.wrongProofs.get());
    assertFalse(f.hadTrouble("missed"));
  }

  @Test
  void aDealUnderNoticeIsProvedToItsNearerEndAndThenDeleted() {
    DealId id = f.activeDeal(Renter.piece(300_000, 5), 30);
    f.chain.mineUntil("a proof", () -> f.market.proofs.get() >= 1 && !frozen(id));
    DealSnapshot before = f.chain.deal(id).orElseThrow();
    EarlyEnd notice = new EarlyEnd(id, false, new BlockNumber(1_000_000));
    f.market.endEarly(f.renter().sign(notice)).orThrow();
    DealSnapshot noticed = f.chain.deal(id).orElseThrow();
    assertTrue(noticed.end().compareTo(before.end()) < 0);
    f.chain.mineUntil(
        "the book knows",
        () -> f.node().deals().find(id).orElseThrow().end().equals(noticed.end()));
    assertEquals("NOTICED", declined(extension(noticed, 5, 1)));
    f.chain.mineUntil("completed", () -> f.chain.state(id) == DealState.COMPLETED);
    DealSnapshot after = f.chain.deal(id).orElseThrow();
    assertEquals(noticed.end(), after.cursor());
    assertEquals(0, after.missed());
    f.chain.mineUntil("deleted", () -> !Files.exists(f.replica(id)));
    assertEquals(0, f.market.wrongProofs.get());
    assertFalse(f.hadTrouble("missed"));
  }

  @Test
  void aDealThatBothSidesEndIsDeletedAndTheOthersAreProved() {
    DealId id = f.activeDeal(Renter.piece(300_000, 6), 30);
    DealId other = f.activeDeal(Renter.piece(200_000, 7), 30);
    f.chain.mineUntil("a proof", () -> f.market.proofs.get() >= 1 && !frozen(id));
    EarlyEnd consent = new EarlyEnd(id, true, new BlockNumber(1_000_000));
    f.market.endEarly(f.renter().sign(consent)).orThrow();
    f.chain.mineUntil("deleted", () -> !Files.exists(f.replica(id)));
    int proofs = f.market.proofs.get();
    f.chain.mineUntil("proofs of the other", () -> f.market.proofs.get() >= proofs + 2);
    assertEquals(DealState.ACTIVE, f.chain.state(other));
    assertTrue(Files.exists(f.replica(other)));
    assertEquals(0, f.market.wrongProofs.get());
    assertFalse(f.hadTrouble("missed"));
  }

  @Test
  void manyDealsShareOneProofAPeriod() {
    for (int i = 0; i < 5; i++) {
      f.activeDeal(Renter.piece(1 + i * 40_000, i), 50);
    }
    int before = f.market.proofs.get();
    f.chain.mineUntil("three more periods", () -> f.market.proofs.get() >= before + 3);
    assertEquals(0, f.market.wrongProofs.get());
    assertFalse(f.hadTrouble("missed"));
  }

  @Test
  void aWatcherSeesTheStagesAndTheEnd() {
    byte[] piece = Renter.piece(2_000_000, 2);
    DealId id = f.renter().agree(f.terms(piece, 3));
    Iterator<WatchDealResponse> watch =
        f.renter()
            .deals()
            .watchDeal(WatchDealRequest.newBuilder().setDealId(Wire.bytes(id)).build());
    CompletableFuture<Set<DealStage>> seen =
        CompletableFuture.supplyAsync(
            () -> {
              List<DealStage> stages = new ArrayList<>();
              watch.forEachRemaining(r -> stages.add(r.getStatus().getStage()));
              return EnumSet.copyOf(stages);
            });
    f.renter().upload(id, piece, 0, piece.length);
    f.chain.mineUntil("the watch ends", seen::isDone);
    assertTrue(
        seen.join()
            .containsAll(
                Set.of(
                    DealStage.DEAL_STAGE_ACCEPTED,
                    DealStage.DEAL_STAGE_SEALED,
                    DealStage.DEAL_STAGE_PUBLISHED,
                    DealStage.DEAL_STAGE_ACTIVE)),
        seen.join().toString());
  }

  @Test
  void aPublicationThatAReorgTookBackIsSentAgain() {
    byte[] piece = Renter.piece(100_000, 3);
    f.market.holdActivations(true);
    DealId id = f.renter().agree(f.terms(piece, 3));
    f.renter().upload(id, piece, 0, piece.length);
    f.chain.mineUntil("published", () -> f.chain.state(id) == DealState.PUBLISHED);
    f.chain.forget(id);
    f.market.holdActivations(false);
    f.chain.mineUntil("active after all", () -> f.chain.state(id) == DealState.ACTIVE);
  }

  @Test
  void aSkippedPublicationIsTriedUntilItsTimeIsOver() {
    byte[] piece = Renter.piece(100_000, 4);
    DealProposal terms = f.terms(piece, 3);
    f.market.skipPublications("ClientShort");
    DealId id = f.renter().agree(terms);
    f.renter().upload(id, piece, 0, piece.length);
    f.chain.mineUntil("it is late", () -> head() >= terms.publishBy().value() - 30);
    assertTrue(Files.exists(f.replica(id)));
    f.market.skipPublications("");
    f.chain.mineUntil("active after all", () -> f.chain.state(id) == DealState.ACTIVE);
  }

  @Test
  void whatTheMarketDidNotTakeInTimeIsGivenUpWithTheReason() {
    byte[] piece = Renter.piece(100_000, 4);
    DealProposal terms = f.terms(piece, 3);
    f.market.skipPublications("ClientShort");
    DealId id = f.renter().agree(terms);
    f.renter().upload(id, piece, 0, piece.length);
    f.chain.mineUntil("failed", () -> f.renter().stage(id) == DealStage.DEAL_STAGE_FAILED);
    assertTrue(head() - f.chain.terms().windowBlocks() > terms.publishBy().value());
    assertTrue(f.node().deals().find(id).orElseThrow().reason().contains("ClientShort"));
    Await.until("the data is gone", () -> !Files.exists(f.replica(id)));
  }

  @Test
  void whatTheMarketNeverTakesIsGivenUpWhenNoReorgCanChangeThat() {
    byte[] piece = Renter.piece(100_000, 4);
    DealProposal terms = f.terms(piece, 3);
    f.market.skipPublications("BadSignature");
    DealId id = f.renter().agree(terms);
    f.renter().upload(id, piece, 0, piece.length);
    f.chain.mineUntil("it was skipped", () -> f.hadTrouble("skipped"));
    long skipped = head();
    f.chain.mineUntil("failed", () -> f.renter().stage(id) == DealStage.DEAL_STAGE_FAILED);
    assertTrue(head() - f.chain.terms().windowBlocks() >= skipped);
    assertTrue(head() < terms.publishBy().value());
    assertTrue(f.node().deals().find(id).orElseThrow().reason().contains("BadSignature"));
  }

  @Test
  void theDataOfACompletedDealStaysWhileAReorgCouldNeedIt() {
    DealId id = f.activeDeal(Renter.piece(100_000, 8), 2);
    f.chain.mineUntil("completed", () -> f.chain.state(id) == DealState.COMPLETED);
    DealSnapshot ended = f.chain.deal(id).orElseThrow();
    long seen = head();
    f.chain.mineUntil("some blocks went by", () -> head() >= seen + 8);
    assertTrue(ended.removed());
    assertTrue(Files.exists(f.replica(id)));
    f.chain.mineUntil("ended", () -> f.renter().stage(id) == DealStage.DEAL_STAGE_ENDED);
    assertTrue(head() > seen + f.chain.terms().windowBlocks());
  }

  @Test
  void endingsDoNotHoldUpAPublication() {
    // Completion falls due for all of them at once: the period that they end with is the same.
    List<DealId> ending = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      ending.add(f.renter().agree(f.terms(Renter.piece(10_000, 20 + i), 2)));
    }
    f.market.holdActivations(true);
    for (int i = 0; i < 3; i++) {
      f.renter().upload(ending.get(i), Renter.piece(10_000, 20 + i), 0, 10_000);
    }
    f.chain.mineUntil(
        "published",
        () -> ending.stream().allMatch(id -> f.chain.state(id) == DealState.PUBLISHED));
    f.market.holdActivations(false);
    f.chain.mineUntil(
        "active", () -> ending.stream().allMatch(id -> f.chain.state(id) == DealState.ACTIVE));
    byte[] piece = Renter.piece(100_000, 9);
    f.disk.holdSealing();
    DealId next = f.renter().agree(f.terms(piece, 3));
    f.renter().upload(next, piece, 0, piece.length);
    f.market.sent.clear();
    f.market.beforeCompleting(
        () -> {
          f.disk.releaseSealing();
          Await.until("it is sealed", () -> f.node().deals().find(next).orElseThrow().hasReplica());
        });
    f.chain.mineUntil(
        "completed",
        () -> ending.stream().allMatch(id -> f.chain.state(id) == DealState.COMPLETED));
    assertEquals(List.of("complete", "publish", "complete", "complete"), f.market.sent);
  }

  @Test
  void aDealOfWhichNothingComesIsGivenUpEarlyAndForgottenWhenItsBlocksAreOver() throws IOException {
    f.close();
    f.with(c -> c.withTuning(c.tuning().withMaxIdleBlocks(20))).start();
    DealProposal terms = f.terms(Renter.piece(100_000, 10), 3);
    DealId idle = f.renter().agree(terms);
    byte[] piece = Renter.piece(20 << 20, 11);
    DealId begun = f.renter().agree(f.terms(piece, 3));
    f.renter().upload(begun, piece, 0, 9 << 20);
    f.chain.mineUntil("failed", () -> f.renter().stage(idle) == DealStage.DEAL_STAGE_FAILED);
    assertTrue(head() < terms.publishBy().value());
    assertTrue(f.node().deals().find(idle).orElseThrow().reason().contains("20 blocks"));
    assertEquals(DealStage.DEAL_STAGE_ACCEPTED, f.renter().stage(begun));
    // The id stays as long as the contract would take it.
    assertEquals(
        "OVER",
        f.renter().propose(f.renter().sign(terms), f.renter().ask()).getDeclined().getCode());
    f.chain.mineUntil("forgotten", () -> f.node().deals().find(idle).isEmpty());
    assertTrue(head() > terms.activateBy().value());
    f.crashAndRestart();
    assertTrue(f.node().deals().find(idle).isEmpty());
    assertEquals(
        "ACTIVATE_BY",
        f.renter().propose(f.renter().sign(terms), f.renter().ask()).getDeclined().getCode());
  }

  @Test
  void aDealThatEndedIsForgottenWhenItsProofsAre() {
    DealProposal terms = f.terms(Renter.piece(10_000, 12), 2);
    DealId id = f.activeDeal(Renter.piece(10_000, 12), 2);
    f.chain.mineUntil("ended", () -> f.renter().stage(id) == DealStage.DEAL_STAGE_ENDED);
    long needed =
        terms.activateBy().value()
            + (long) f.config().tuning().keepProofPeriods() * f.chain.terms().periodBlocks();
    while (head() < needed) {
      f.chain.mine();
    }
    int before = f.chain.looks("miner-deals");
    Await.until("it has looked", () -> f.chain.looks("miner-deals") >= before + 2);
    assertTrue(f.node().deals().find(id).isPresent());
    f.chain.mineUntil("forgotten", () -> f.node().deals().find(id).isEmpty());
  }

  @Test
  void dealsAreReadAtNewHeadsOnly() {
    f.renter().agree(f.terms(Renter.piece(10_000, 13), 2));
    int before = f.chain.looks("miner-deals");
    Await.until("it has looked", () -> f.chain.looks("miner-deals") >= before + 3);
    int reads = f.chain.dealReads();
    Await.until("it has looked on", () -> f.chain.looks("miner-deals") >= before + 9);
    assertEquals(reads, f.chain.dealReads());
  }

  private long head() {
    return f.chain.head().number().value();
  }

  @Test
  void aDealWithoutItsBytesIsGivenUpWhenItsTimeIsOver() {
    DealId id = f.renter().agree(f.terms(Renter.piece(100_000, 5), 3));
    f.renter().upload(id, Renter.piece(100_000, 5), 0, 50_000);
    f.chain.mineUntil("failed", () -> f.renter().stage(id) == DealStage.DEAL_STAGE_FAILED);
    assertEquals(0, f.node().deals().room(1).reservedBytes());
  }

  @Test
  void anRpcThatIsDownIsWaitedOut() {
    byte[] piece = Renter.piece(100_000, 6);
    f.activeDeal(piece, 100);
    f.chain.setDown(true);
    Await.until("it is noticed", () -> f.hadTrouble("chain-unavailable"));
    f.chain.setDown(false);
    int before = f.market.proofs.get();
    f.chain.mineUntil("proofs go on", () -> f.market.proofs.get() > before);
  }

  @Test
  void theStatusFileTellsHowTheNodeIs() throws IOException {
    byte[] piece = Renter.piece(100_000, 7);
    DealId id = f.activeDeal(piece, 100);
    Path file = f.home().resolve("status.json");
    Path deals = f.home().resolve("deals.json");
    f.chain.mineUntil(
        "the files say active",
        () -> read(file).contains("\"active\"") && read(deals).contains("\"active\""));
    JsonNode status = new ObjectMapper().readTree(read(file));
    JsonNode deal = new ObjectMapper().readTree(read(deals)).path(0);
    assertEquals(id.toString(), deal.path("id").asText());
    assertEquals(piece.length, deal.path("bytes").asLong());
    Object written = Files.readAttributes(deals, "unix:ino").get("ino");
    String at = status.path("at").asText();
    f.chain.mineUntil("a newer status", () -> !read(file).isEmpty() && !read(file).contains(at));
    assertEquals(
        written,
        Files.readAttributes(deals, "unix:ino").get("ino"),
        "deals that are as they were are not written again");
    assertEquals(f.node().deals().room(1).usedBytes(), status.path("usedBytes").asLong());
    assertTrue(status.path("blocksLeft").asLong() >= 0);
  }

  private static String read(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
