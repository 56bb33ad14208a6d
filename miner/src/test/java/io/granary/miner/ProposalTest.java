package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.miner.testing.Await;
import io.granary.miner.testing.ModelChain;
import io.granary.miner.testing.Renter;
import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.Ask;
import io.granary.protocol.deal.Cover;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import io.granary.v1.ProposeDealResponse;
import io.granary.v1.Refusal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which proposals a miner takes, and what it says of the others. */
final class ProposalTest {
  private final byte[] piece = Renter.piece(10_000, 1);
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

  /** The fields of a proposal that tests vary. */
  private record Terms(
      Address miner,
      Address auditor,
      int profile,
      long periods,
      TokenAmount price,
      TokenAmount collateral,
      long publishBy,
      long activateBy) {
    Terms blocks(long newPublishBy, long newActivateBy) {
      return new Terms(
          miner, auditor, profile, periods, price, collateral, newPublishBy, newActivateBy);
    }
  }

  private DealProposal varied(UnaryOperator<Terms> change) {
    DealProposal p = f.terms(piece, 10);
    Terms t =
        change.apply(
            new Terms(
                p.miner(),
                p.auditor(),
                p.sealProfile(),
                p.periods(),
                p.price(),
                p.collateral(),
                p.publishBy().value(),
                p.activateBy().value()));
    return new DealProposal(
        p.client(),
        t.miner,
        t.auditor,
        p.pieceRoot(),
        p.size(),
        t.profile,
        t.periods,
        t.price,
        t.collateral,
        new BlockNumber(t.publishBy),
        new BlockNumber(t.activateBy),
        p.replaces(),
        p.salt());
  }

  private Refusal declined(DealProposal proposal) {
    int before = f.node().deals().all().size();
    ProposeDealResponse response = f.renter().propose(f.renter().sign(proposal), f.renter().ask());
    assertTrue(response.hasDeclined(), response.toString());
    assertEquals(before, f.node().deals().all().size());
    return response.getDeclined();
  }

  private void assertDeclined(String code, UnaryOperator<Terms> change) {
    Refusal refusal = declined(varied(change));
    assertEquals(code, refusal.getCode(), refusal.toString());
  }

  @Test
  void aGoodProposalIsTakenOnceHoweverOftenItComes() {
    SignedProposal signed = f.renter().sign(f.terms(piece, 10));
    DealId id = Eip712.dealId(ModelChain.DOMAIN, signed.proposal());
    for (int i = 0; i < 3; i++) {
      ProposeDealResponse response = f.renter().propose(signed, f.renter().ask());
      assertEquals(id, Wire.dealId(response.getAccepted().getDealId()));
    }
    assertEquals(1, f.node().deals().all().size());
  }

  /** Starts again with another filter. */
  private void filter(FilterPolicy policy) throws IOException {
    f.close();
    f = new MinerFixture(dir.resolve("filtered")).with(c -> c.withFilter(policy)).start();
  }

  private static FilterPolicy lists(Set<Address> allowed, Set<Address> denied) {
    return new FilterPolicy(allowed, denied, 0, 0, List.of(), Duration.ofSeconds(1));
  }

  @Test
  void clientsThatAreDeniedOrNotAllowedAreTurnedAway() throws IOException {
    Address client = f.terms(piece, 10).client();
    Address other = Address.parse("0x" + "77".repeat(20));
    for (FilterPolicy no :
        List.of(
            lists(Set.of(other), Set.of()),
            lists(Set.of(), Set.of(client)),
            lists(Set.of(client), Set.of(client)))) {
      filter(no);
      Refusal refusal = declined(f.terms(piece, 10));
      assertEquals("CLIENT", refusal.getCode());
      assertEquals(client.toString(), refusal.getActual());
      f.close();
    }
    filter(lists(Set.of(client), Set.of(other)));
    assertTrue(accepts(f.terms(piece, 10)));
  }

  private boolean accepts(DealProposal proposal) {
    return f.renter().propose(f.renter().sign(proposal), f.renter().ask()).hasAccepted();
  }

  @Test
  void aClientGetsSoManyDealsInAnHourAlsoAcrossARestart() throws IOException {
    filter(new FilterPolicy(Set.of(), Set.of(), 2, 25_000, List.of(), Duration.ofSeconds(1)));
    Refusal bytes = declined(f.terms(Renter.piece(25_001, 1), 10));
    assertEquals("RATE", bytes.getCode());
    assertEquals("at most 25000", bytes.getAcceptable());
    DealProposal first = f.terms(piece, 10);
    assertTrue(accepts(first));
    bytes = declined(f.terms(Renter.piece(15_001, 1), 10));
    assertEquals("15001 beside 10000", bytes.getActual());
    assertTrue(accepts(f.terms(Renter.piece(15_000, 1), 10)));
    f.close();
    f.start();
    Refusal deals = declined(f.terms(Renter.piece(1, 1), 10));
    assertEquals("RATE", deals.getCode());
    assertEquals("at most 2", deals.getAcceptable());
    assertTrue(accepts(first), "what was taken stays taken");
  }

  /** A program that keeps its standard input and then does this. */
  private void command(String script) throws IOException {
    filter(
        new FilterPolicy(
            Set.of(),
            Set.of(),
            0,
            0,
            List.of("/bin/sh", "-c", "cat > seen.json; " + script, "look", "a b; c"),
            Duration.ofSeconds(1)));
  }

  @Test
  void aCommandOfTheOperatorsDecidesWithTheProposalOnItsInput() throws IOException {
    command("echo no >&2; exit 0");
    DealProposal terms = f.terms(piece, 10);
    assertTrue(accepts(terms));
    JsonNode seen = new ObjectMapper().readTree(f.home().resolve("seen.json").toFile());
    assertEquals(terms.client().toString(), seen.path("client").asText());
    assertEquals(Eip712.dealId(ModelChain.DOMAIN, terms).toString(), seen.path("dealId").asText());
    assertEquals(10_000, seen.path("bytes").asLong());
    assertEquals(terms.price().units().toString(), seen.path("price").asText());
    assertTrue(seen.path("replaces").isNull());
    f.close();

    // The arguments come as they are; only the first line is told, without what moves a cursor.
    command("printf '%s\\t%s\\nmore' \"$0\" \"$1\" >&2; exit 3");
    Refusal told = declined(f.terms(piece, 10));
    assertEquals("FILTER", told.getCode());
    assertEquals("look a b; c", told.getMessage());
    assertFalse(f.hadTrouble("deal-command-failed"));
    // What was wrong anyway is not asked about.
    Files.delete(f.home().resolve("seen.json"));
    assertEquals("PERIODS", declined(f.terms(piece, 501)).getCode());
    assertFalse(Files.exists(f.home().resolve("seen.json")));
    f.close();

    command("exit 1");
    assertTrue(declined(f.terms(piece, 10)).getMessage().contains("does not take this deal"));
    assertEquals(List.of(), leftBehind());
  }

  private List<Path> leftBehind() throws IOException {
    try (Stream<Path> files = Files.list(f.home())) {
      return files.filter(p -> p.getFileName().toString().startsWith("deal-command")).toList();
    }
  }

  @Test
  void aCommandThatDoesNotComeBackOrIsNotThereRefusesAndIsAnAlert() throws IOException {
    command("sleep 600");
    Refusal late = declined(f.terms(piece, 10));
    assertEquals("FILTER_FAILED", late.getCode());
    assertTrue(f.hadTrouble("deal-command-failed"));
    // It is gone with everything that it began.
    Await.until(
        "the program is gone",
        () ->
            ProcessHandle.current()
                .descendants()
                .noneMatch(p -> p.info().commandLine().orElse("").contains("sleep 600")));
    f.close();
    filter(
        new FilterPolicy(Set.of(), Set.of(), 0, 0, List.of("./not-there"), Duration.ofSeconds(1)));
    assertEquals("FILTER_FAILED", declined(f.terms(piece, 10)).getCode());
    assertTrue(f.hadTrouble("deal-command-failed"));
    assertEquals(List.of(), leftBehind());
  }

  @Test
  void noMoreThanFourProgramsRunAtATime() throws Exception {
    filter(
        new FilterPolicy(
            Set.of(),
            Set.of(),
            0,
            0,
            List.of("/bin/sh", "-c", ": > started-$$; until [ -e go ]; do sleep 0.01; done"),
            Duration.ofSeconds(20)));
    List<Future<Boolean>> first = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 4; i++) {
        DealProposal terms = f.terms(piece, 10);
        first.add(threads.submit(() -> accepts(terms)));
      }
      Await.until("four run", () -> started() == 4);
      assertEquals("BUSY", declined(f.terms(piece, 10)).getCode());
      Files.createFile(f.home().resolve("go"));
      for (Future<Boolean> one : first) {
        assertTrue(one.get());
      }
    }
    assertTrue(accepts(f.terms(piece, 10)));
  }

  private long started() {
    try (Stream<Path> files = Files.list(f.home())) {
      return files.filter(p -> p.getFileName().toString().startsWith("started-")).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aLowerTierHoldsForItsOwnDealsOnly() throws IOException {
    TokenAmount lower = TokenAmount.of(4);
    f.close();
    AskPolicy one = f.config().ask();
    f.with(
            c ->
                c.withAsk(
                    new AskPolicy(
                        one.pricePerLeafPeriod(),
                        one.collateralPerLeaf(),
                        one.minSize(),
                        one.maxSize(),
                        one.minPeriods(),
                        one.maxPeriods(),
                        one.validity(),
                        List.of(new PriceTier(0, 20, lower)))))
        .start();
    io.granary.v1.SignedAsk tier = f.renter().ask(piece.length, 20);
    assertEquals(lower, Wire.ask(tier).ask().pricePerLeafPeriod());
    assertEquals(one.pricePerLeafPeriod(), Wire.ask(f.renter().ask()).ask().pricePerLeafPeriod());

    assertEquals("PERIODS", atLower(tier, 19, lower).getDeclined().getCode());
    assertEquals("PRICE", atLower(f.renter().ask(), 20, lower).getDeclined().getCode());
    assertTrue(atLower(tier, 20, lower).hasAccepted());
  }

  private ProposeDealResponse atLower(
      io.granary.v1.SignedAsk ask, long periods, TokenAmount perLeaf) {
    DealProposal p = f.terms(piece, periods);
    TokenAmount price = Pricing.price(perLeaf, p.size(), periods);
    return f.renter()
        .propose(
            f.renter()
                .sign(
                    new DealProposal(
                        p.client(),
                        p.miner(),
                        p.auditor(),
                        p.pieceRoot(),
                        p.size(),
                        p.sealProfile(),
                        periods,
                        price,
                        Pricing.collateral(
                            f.chain.terms(),
                            f.config().ask().collateralPerLeaf(),
                            price,
                            p.size(),
                            periods),
                        p.publishBy(),
                        p.activateBy(),
                        p.replaces(),
                        p.salt())),
            ask);
  }

  @Test
  void termsBelowTheAskAreDeclinedWithWhatWouldDo() {
    DealProposal good = f.terms(piece, 10);
    TokenAmount less = good.price().minus(TokenAmount.of(1));
    Refusal price =
        declined(
            varied(
                t ->
                    new Terms(
                        t.miner, t.auditor, 1, 10, less, t.collateral, t.publishBy, t.activateBy)));
    assertEquals("PRICE", price.getCode());
    assertEquals(less.units().toString(), price.getActual());
    assertTrue(price.getAcceptable().contains(good.price().units().toString()), price.toString());
    for (TokenAmount wrong :
        new TokenAmount[] {TokenAmount.of(1), good.collateral().plus(TokenAmount.of(1))}) {
      assertDeclined(
          "COLLATERAL",
          t -> new Terms(t.miner, t.auditor, 1, 10, t.price, wrong, t.publishBy, t.activateBy));
    }
  }

  @Test
  void termsOutsideTheLimitsAreDeclined() {
    Address nobody = EthKey.generate().address();
    assertDeclined(
        "WRONG_MINER",
        t -> new Terms(nobody, t.auditor, 1, 10, t.price, t.collateral, t.publishBy, t.activateBy));
    assertDeclined(
        "NO_AUDITOR",
        t -> new Terms(t.miner, nobody, 1, 10, t.price, t.collateral, t.publishBy, t.activateBy));
    assertDeclined(
        "UNSUPPORTED",
        t ->
            new Terms(t.miner, t.auditor, 2, 10, t.price, t.collateral, t.publishBy, t.activateBy));
    for (long periods : new long[] {0, 501}) {
      assertDeclined(
          "PERIODS",
          t ->
              new Terms(
                  t.miner,
                  t.auditor,
                  1,
                  periods,
                  t.price,
                  t.collateral,
                  t.publishBy,
                  t.activateBy));
    }
    long head = f.chain.head().number().value();
    assertDeclined("PUBLISH_BY", t -> t.blocks(head + 1, t.activateBy));
    for (long activateBy : new long[] {head + 3, head + 1_000_000, Long.MAX_VALUE}) {
      assertDeclined("ACTIVATE_BY", t -> t.blocks(t.publishBy, activateBy));
    }
    assertEquals("SIZE", declined(f.terms(Hash32.ZERO, (1L << 28) + 1, 10)).getCode());
  }

  private static long told(Refusal refusal) {
    return Long.parseLong(refusal.getAcceptable().replaceAll("at (least|most) ", ""));
  }

  @Test
  void blocksThatAreToldAreTakenWhateverWasProposed() {
    long head = f.chain.head().number().value();
    for (long publishBy : new long[] {0, head + 1, head + 595, Long.MAX_VALUE}) {
      Refusal refusal = declined(varied(t -> t.blocks(publishBy, t.activateBy)));
      assertEquals("PUBLISH_BY", refusal.getCode(), refusal.toString());
      assertTaken(t -> t.blocks(told(refusal), t.activateBy));
    }
    for (long activateBy : new long[] {0, head + 16, Long.MAX_VALUE}) {
      Refusal refusal = declined(varied(t -> t.blocks(head + 7, activateBy)));
      assertEquals("ACTIVATE_BY", refusal.getCode(), refusal.toString());
      assertTaken(t -> t.blocks(head + 7, told(refusal)));
    }
  }

  @Test
  void aBlockThatIsToldIsTakenSomeBlocksLater() {
    long head = f.chain.head().number().value();
    Refusal refusal = declined(varied(t -> t.blocks(head, t.activateBy)));
    f.chain.mine();
    f.chain.mine();
    assertTaken(t -> t.blocks(told(refusal), t.activateBy));
  }

  private void assertTaken(UnaryOperator<Terms> change) {
    f.renter().agree(varied(change));
  }

  @Test
  void aRegisteredAuditorIsFine() {
    Address auditor = EthKey.generate().address();
    f.chain.registerAuditor(new PeerRecord(auditor, "127.0.0.1:1", Hash32.ZERO));
    f.renter()
        .agree(
            varied(
                t ->
                    new Terms(
                        t.miner,
                        auditor,
                        1,
                        10,
                        t.price,
                        t.collateral,
                        t.publishBy,
                        t.activateBy)));
  }

  @Test
  void signaturesOfOthersOrForOtherMarketsAreDeclined() {
    DealProposal p = f.terms(piece, 10);
    Hash32 digest = Eip712.dealId(ModelChain.DOMAIN, p).hash();
    Hash32 otherChain = Eip712.dealId(new SigningDomain(1, ModelChain.DOMAIN.market()), p).hash();
    Hash32 otherMarket =
        Eip712.dealId(new SigningDomain(31_337, EthKey.generate().address()), p).hash();
    for (SignedProposal wrong :
        new SignedProposal[] {
          new SignedProposal(p, EthKey.generate().sign(digest)),
          new SignedProposal(p, f.clientKey.sign(otherChain)),
          new SignedProposal(p, f.clientKey.sign(otherMarket))
        }) {
      ProposeDealResponse response = f.renter().propose(wrong, f.renter().ask());
      assertEquals("BAD_SIGNATURE", response.getDeclined().getCode());
    }
  }

  @Test
  void anAskThatExpiredOrIsNobodysIsDeclined() {
    Ask now = Wire.ask(f.renter().ask()).ask();
    Ask old =
        new Ask(
            now.miner(),
            now.pricePerLeafPeriod(),
            now.collateralPerLeaf(),
            now.minSize(),
            now.maxSize(),
            now.minPeriods(),
            now.maxPeriods(),
            Instant.ofEpochSecond(Instant.now().getEpochSecond() - 1));
    assertEquals("ASK_EXPIRED", declinedWith(old, f.operator));
    assertEquals("UNKNOWN_ASK", declinedWith(now, EthKey.generate()));
    Ask cheaper =
        new Ask(
            now.miner(),
            TokenAmount.ZERO,
            now.collateralPerLeaf(),
            now.minSize(),
            now.maxSize(),
            now.minPeriods(),
            now.maxPeriods(),
            now.expiresAt());
    io.granary.v1.SignedAsk forged =
        f.renter().ask().toBuilder()
            .setPricePerLeafPeriod(Wire.bytes(cheaper.pricePerLeafPeriod()))
            .build();
    assertEquals(
        "UNKNOWN_ASK",
        f.renter().propose(f.renter().sign(f.terms(piece, 10)), forged).getDeclined().getCode());
  }

  @Test
  void whatIsWrongInItselfIsDeclinedWithoutAskingTheChain() {
    io.granary.v1.SignedAsk ask = f.renter().ask();
    DealProposal p =
        varied(
            t ->
                new Terms(
                    t.miner,
                    EthKey.generate().address(),
                    1,
                    0,
                    t.price,
                    t.collateral,
                    t.publishBy,
                    t.activateBy));
    f.chain.setDown(true);
    assertEquals("PERIODS", f.renter().propose(f.renter().sign(p), ask).getDeclined().getCode());
    assertEquals(
        "UNKNOWN_ASK",
        f.renter()
            .propose(f.renter().sign(p), ask.toBuilder().setMaxSize(5).build())
            .getDeclined()
            .getCode());
  }

  private String declinedWith(Ask ask, EthKey signer) {
    io.granary.protocol.deal.SignedAsk signed =
        new io.granary.protocol.deal.SignedAsk(
            ask, signer.sign(Eip712.ask(ModelChain.DOMAIN, ask)));
    return f.renter()
        .propose(f.renter().sign(f.terms(piece, 10)), Wire.message(signed))
        .getDeclined()
        .getCode();
  }

  @Test
  void escrowCountsWhatIsAnnouncedAndWhatIsPromised() {
    DealProposal p = f.terms(piece, 10);
    long price = p.price().units().longValueExact();
    f.chain.fund(f.clientKey.address(), price - 1, 0);
    assertEquals("CLIENT_ESCROW", declined(p).getCode());
    f.chain.fund(f.clientKey.address(), price + 10, 11);
    assertEquals("CLIENT_ESCROW", declined(p).getCode());
    f.chain.fund(f.clientKey.address(), 2 * price - 1, 0);
    f.renter().agree(p);
    ProposeDealResponse second =
        f.renter().propose(f.renter().sign(f.terms(piece, 10)), f.renter().ask());
    assertEquals("CLIENT_ESCROW", second.getDeclined().getCode());
    f.chain.fund(f.clientKey.address(), 2 * price, 0);
    f.renter().agree(f.terms(piece, 10));
  }

  @Test
  void aHandOverIsTakenWhenTheMarketTakesItAndCostsWhatTheOldEscrowDoesNotCover() {
    DealId old = new DealId(Sha256.hash(new byte[] {7}));
    DealProposal p = MinerFixture.replacing(f.terms(piece, 10), old);
    f.chain.setCover(new Cover("HandOverPending", TokenAmount.ZERO));
    Refusal refusal = declined(p);
    assertEquals("REPLACES", refusal.getCode());
    assertEquals("HandOverPending", refusal.getActual());

    f.chain.setCover(new Cover("", p.price().minus(TokenAmount.of(5))));
    f.chain.fund(f.clientKey.address(), 4, 0);
    assertEquals("CLIENT_ESCROW", declined(p).getCode());
    f.chain.fund(f.clientKey.address(), 5, 0);
    DealId id = f.renter().agree(p);
    assertEquals(old, f.node().deals().find(id).orElseThrow().terms().predecessor().orElseThrow());
  }

  @Test
  void aHandOverNeedsRoomForTwoFreezes() {
    DealId old = new DealId(Sha256.hash(new byte[] {7}));
    f.chain.setCover(new Cover("", TokenAmount.ZERO));
    long room = f.chain.terms().sealDelay() + f.chain.terms().windowBlocks() + 1L;
    DealProposal p =
        varied(
            t ->
                new Terms(
                    t.miner,
                    t.auditor,
                    1,
                    10,
                    t.price,
                    t.collateral,
                    t.activateBy - room,
                    t.activateBy));
    assertEquals("PUBLISH_BY", declined(MinerFixture.replacing(p, old)).getCode());
    f.renter().agree(p);
  }

  @Test
  void collateralThatIsNotThereIsNotPromised() {
    DealProposal p = f.terms(piece, 10);
    f.chain.fund(f.miner, 2 * p.collateral().units().longValueExact() - 1, 0);
    f.renter().agree(p);
    Refusal refusal = declined(f.terms(piece, 10));
    assertEquals("MINER_COLLATERAL", refusal.getCode());
    assertEquals(p.collateral().units().longValueExact() - 1, told(refusal));
  }

  @Test
  void capacityIsNotPromisedTwice() throws IOException {
    f.close();
    long room = 2 * io.granary.miner.model.Footprint.peakBytes(f.terms(piece, 10).size()) - 1;
    f.with(c -> c.withCapacityBytes(room)).start();
    f.renter().agree(f.terms(piece, 10));
    ProposeDealResponse full =
        f.renter().propose(f.renter().sign(f.terms(piece, 10)), f.renter().ask());
    assertEquals("CAPACITY", full.getDeclined().getCode());
    assertEquals("10000", full.getDeclined().getActual());
    assertTrue(told(full.getDeclined()) < piece.length, full.toString());
    f.crashAndRestart();
    assertEquals(
        "CAPACITY",
        f.renter()
            .propose(f.renter().sign(f.terms(piece, 10)), f.renter().ask())
            .getDeclined()
            .getCode());
  }

  @ParameterizedTest
  @ValueSource(longs = {600, 5_000, 33_333, 300_000, 4_000_000, 77_777_777})
  void thePieceSizeThatIsToldFitsAndNoLargerOne(long free) throws IOException {
    for (boolean full : new boolean[] {true, false}) {
      f.close();
      f = new MinerFixture(dir.resolve("full-" + full));
      f.with(c -> c.withCapacityBytes(full ? free : 1L << 30)).start();
      f.disk.setLeft(full ? 1L << 40 : free);
      Refusal refusal = declined(f.terms(Hash32.ZERO, 1L << 28, 10));
      assertEquals(full ? "CAPACITY" : "DISK_FULL", refusal.getCode());
      declined(f.terms(Hash32.ZERO, told(refusal) + 1, 10));
      f.renter().agree(f.terms(Hash32.ZERO, told(refusal), 10));
    }
  }

  @Test
  void theDiskIsNotPromisedTwice() {
    DealProposal p = f.terms(piece, 10);
    long peak = io.granary.miner.model.Footprint.peakBytes(p.size());
    f.disk.setLeft(3 * peak - 1);
    DealId first = f.renter().agree(p);
    f.renter().agree(f.terms(piece, 10));
    assertEquals("DISK_FULL", declined(f.terms(piece, 10)).getCode());
    // Bytes that came lie on the disk: they are not counted again.
    f.renter().upload(first, piece, 0, 5_000);
    f.disk.setLeft(3 * peak - 5_000);
    f.renter().agree(f.terms(piece, 10));
  }

  @Test
  void aPausedMinerTakesNothing() {
    f.chain.register(f.peer(), f.operator.address(), false);
    assertEquals("NOT_ACCEPTING", declined(f.terms(piece, 10)).getCode());
    f.chain.register(f.peer(), EthKey.generate().address(), true);
    assertEquals("NOT_ACCEPTING", declined(f.terms(piece, 10)).getCode());
  }

  @Test
  void atMostSoManyDealsAreInTheMaking() {
    for (int i = 0; i < 10; i++) {
      f.renter().agree(f.terms(piece, 10));
    }
    assertEquals(
        "BUSY",
        f.renter()
            .propose(f.renter().sign(f.terms(piece, 10)), f.renter().ask())
            .getDeclined()
            .getCode());
  }
}
