package io.granary.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.app.Main;
import io.granary.auditor.AuditorConfig;
import io.granary.auditor.AuditorNode;
import io.granary.auditor.AuditorPorts;
import io.granary.auditor.DisputeEvidence;
import io.granary.auditor.replay.AuditReport;
import io.granary.auditor.replay.ChainAudit;
import io.granary.auditor.replay.RebuiltState;
import io.granary.contracts.DevMarket;
import io.granary.contracts.keys.Keystores;
import io.granary.proofs.LeafIndex;
import io.granary.protocol.chain.MarketCall;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MarketHistory;
import io.granary.protocol.chain.OpenDemand;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.grpc.TlsIdentity;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TxHash;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Demands and disputes on a real chain: answered and not, won and lost; and an audit that finds
 * each lie about them.
 */
class DemandIT {
  private static final long WRONG_LEAF = 8;

  @TempDir Path dir;
  private DevMarket market;
  private BigInteger bond = BigInteger.ZERO;
  private DealProposal kept;
  private DealProposal lost;
  private DealProposal wrong;

  @BeforeEach
  void live() throws Exception {
    market = new DevMarket(dir);
    kept = market.activeDeal(market.data(3_000), 40);
    lost = market.activeDeal(market.data(2_000), 40);
    wrong = market.badlySealedDeal(market.data(20_000), 40, WRONG_LEAF);
    bond = market.client.queries().leastBond().multiply(BigInteger.TWO);
    market.client.actions().demand(kept, new LeafIndex(7), bond).orThrow();
    market.client.actions().demand(lost, new LeafIndex(3), bond).orThrow();
  }

  @AfterEach
  void stop() throws Exception {
    market.close();
  }

  private static String refused(TxResult result) {
    return assertInstanceOf(TxResult.Refused.class, result).error();
  }

  private DealState state(DealProposal p) {
    return market.client.queries().deal(market.idOf(p)).orElseThrow().state();
  }

  private void finish() throws Exception {
    var answered = market.operator.actions().answer(List.of(market.answer(kept, false, 7)));
    assertTrue(answered.items().getFirst().ok(), answered::toString);
    market.anvil.mine(market.client.terms().demandBlocks() + 4);
    market.operator.actions().resolveDemand(lost, false).orThrow();
    market
        .operator
        .actions()
        .disputeSeal(wrong, new LeafIndex(WRONG_LEAF), market.torn(wrong, WRONG_LEAF))
        .orThrow();
    market.owner.actions().withdrawEther().orThrow();
    market.client.actions().demand(kept, new LeafIndex(0), bond).orThrow();
  }

  @Test
  void demands_are_answered_or_cost_the_deal_and_disputes_are_won_or_lost() throws Exception {
    var q = market.client.queries();
    DealId keptId = market.idOf(kept);
    OpenDemand open = q.demands(List.of(keptId, market.idOf(lost))).getFirst();
    assertEquals(new LeafIndex(7), open.leaf());
    assertEquals(bond, open.bond());
    assertFalse(open.byAuditor());
    assertEquals(bond.multiply(BigInteger.TWO), q.wei(market.deployment.market()));
    assertEquals(
        "AlreadyDemanded", refused(market.client.actions().demand(kept, new LeafIndex(1), bond)));
    assertEquals(
        "BondTooLow",
        refused(market.client.actions().demand(wrong, new LeafIndex(1), BigInteger.ONE)));
    assertEquals(
        "LeafOutOfRange",
        refused(market.client.actions().demand(wrong, new LeafIndex(1L << 20), bond)));
    assertEquals(
        "NotDemander", refused(market.operator.actions().demand(wrong, new LeafIndex(1), bond)));
    assertEquals("DemandPending", refused(market.operator.actions().resolveDemand(kept, false)));
    assertEquals("NotDemanded", refused(market.operator.actions().resolveDemand(kept, true)));
    assertEquals("NoEther", refused(market.owner.actions().withdrawEther()));
    market.leaveFreeze();
    assertEquals(
        "DemandOpen", refused(market.owner.actions().endEarly(market.earlyEnd(kept, true))));
    var answer = market.operator.actions();
    assertEquals(
        "BadOpening",
        answer.answer(List.of(market.answer(kept, false, 6))).items().getFirst().skipped());
    assertEquals(
        "SealIsRight",
        refused(
            answer.disputeSeal(kept, new LeafIndex(7), market.answer(kept, false, 7).openings())));
    assertEquals(
        "BadDisputeOpening",
        refused(
            answer.disputeSeal(kept, new LeafIndex(6), market.answer(kept, false, 7).openings())));
    BigInteger before = q.wei(market.miner());

    finish();

    assertEquals(DealState.ACTIVE, state(kept));
    assertEquals(DealState.TERMINATED, state(lost));
    assertEquals(DealState.TERMINATED, state(wrong));
    assertTrue(q.wei(market.miner()).compareTo(before) > 0, "the bond is more than the gas");
    assertEquals(bond, q.etherOf(market.clientKey.address()));
    assertEquals(
        "NoDemand",
        answer.answer(List.of(market.answer(kept, true, 7))).items().getFirst().skipped());
    AuditReport report = new ChainAudit(q, q, q).run();
    assertTrue(report.ok(), () -> report.firstFinding().toString());
    assertTrue(RebuiltState.assertMatches(market) > 0);
    assertTrue(CountedMoney.assertMatches(market) > 0);
    assertEquals(0, report.unseen());
  }

  private JsonNode granary(int code, String... command) throws IOException {
    List<String> all = new ArrayList<>(List.of(command));
    all.addAll(List.of("--home", dir.toString(), "--json"));
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
    System.setErr(System.out);
    int was;
    try {
      was = Main.run(all.toArray(String[]::new));
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
    String text = said.toString(StandardCharsets.UTF_8);
    assertEquals(code, was, text);
    return new ObjectMapper().readTree(text);
  }

  @Test
  void a_client_demands_resolves_disputes_and_has_its_bonds_back_from_the_command_line()
      throws Exception {
    market.deployment.save(dir.resolve("deployment.json"));
    Files.writeString(dir.resolve("password"), "secret");
    Keystores.save(
        market.clientKey, "secret", dir.resolve("wallet.json"), Keystores.Strength.LIGHT);
    String wrongId = market.idOf(wrong).toString();
    String lostId = market.idOf(lost).toString();

    JsonNode demanded = granary(0, "audit", "demand", wrongId, "3");
    assertEquals(3, demanded.path("leaf").asLong());
    assertFalse(demanded.path("answered").asBoolean());
    BigInteger own = new BigInteger(demanded.path("bondWei").asText());
    assertTrue(own.compareTo(market.client.queries().leastBond()) >= 0);
    assertEquals("AlreadyDemanded", granary(2, "audit", "demand", wrongId).path("error").asText());
    assertTrue(
        granary(2, "audit", "demand", wrongId, "100000")
            .path("message")
            .asText()
            .contains("leaves 0 to"));
    assertEquals("DemandPending", granary(2, "audit", "resolve", lostId).path("error").asText());

    Path evidence =
        new DisputeEvidence(
                market.idOf(wrong), new LeafIndex(WRONG_LEAF), market.torn(wrong, WRONG_LEAF))
            .save(dir.resolve("disputes"));
    assertEquals(
        "TERMINATED",
        granary(0, "audit", "dispute", evidence.toString())
            .path("state")
            .asText()
            .toUpperCase(Locale.ROOT));
    // The deal has ended, so its bond is free at once.
    assertEquals(1, granary(0, "audit", "resolve", wrongId).path("resolved").asInt());
    market.anvil.mine(market.client.terms().demandBlocks() + 4);
    assertEquals(1, granary(0, "audit", "resolve", lostId).path("resolved").asInt());
    assertTrue(
        granary(2, "audit", "resolve", lostId).path("message").asText().contains("no demand on"));
    assertEquals(own.add(bond).toString(), granary(0, "withdraw", "--ether").path("wei").asText());
    assertTrue(granary(0, "audit").path("ok").asBoolean());
  }

  private static long pending(Path home) throws IOException {
    try (Stream<Path> files = Files.list(home.resolve("disputes"))) {
      return files.filter(f -> f.toString().endsWith(".json")).count();
    }
  }

  /** From files alone: a node that stopped between finding and sending forgets nothing. */
  @Test
  void an_auditor_disputes_by_itself_what_it_has_evidence_of() throws Exception {
    Path home = dir.resolve("auditor");
    new DisputeEvidence(
            market.idOf(wrong), new LeafIndex(WRONG_LEAF), market.torn(wrong, WRONG_LEAF))
        .save(home.resolve("disputes"));
    // Of a right leaf: refused on chain, told, and nothing else comes of it.
    new DisputeEvidence(
            market.idOf(kept), new LeafIndex(7), market.answer(kept, false, 7).openings())
        .save(home.resolve("disputes"));
    var q = market.client.queries();
    var actions = market.client.actions();
    AuditorConfig config =
        new AuditorConfig(
            home, new InetSocketAddress("127.0.0.1", 0), Duration.ofMillis(50), false, true);
    try (AuditorNode node =
        AuditorNode.start(
            config,
            new AuditorPorts(q, q, q, q, market.client.events(), actions, actions),
            market.clientKey,
            TlsIdentity.loadOrCreate(home))) {
      Instant limit = Instant.now().plusSeconds(60);
      while (state(wrong) != DealState.TERMINATED || pending(home) > 0) {
        assertTrue(Instant.now().isBefore(limit), "no dispute came");
        Thread.sleep(20);
      }
      assertFalse(node.store().deals().isEmpty());
    }
    assertEquals(DealState.ACTIVE, state(kept));
    AuditReport report = new ChainAudit(q, q, q).run();
    assertTrue(report.ok(), () -> report.firstFinding().toString());
    assertTrue(RebuiltState.assertMatches(market) > 0);
    assertTrue(CountedMoney.assertMatches(market) > 0);
  }

  private void found(
      String what, Class<? extends MarketEvent> type, UnaryOperator<MarketEvent> lie) {
    found(what, e -> type.isInstance(e) ? lie.apply(e) : e, c -> c);
  }

  private void found(
      String what, UnaryOperator<@Nullable MarketEvent> event, UnaryOperator<MarketCall> call) {
    var q = market.client.queries();
    MarketHistory lying =
        new MarketHistory() {
          @Override
          public BlockNumber deployedAt() {
            return q.deployedAt();
          }

          @Override
          public List<MarketEvent> events(BlockNumber from, BlockNumber to) {
            return q.events(from, to).stream().map(event).filter(Objects::nonNull).toList();
          }

          @Override
          public List<MarketCall> calls(TxHash tx) {
            return q.calls(tx).stream().map(call).toList();
          }
        };
    AuditReport report = new ChainAudit(q, lying, q).run();
    assertFalse(report.ok(), what);
    assertTrue(
        report.firstFinding().orElseThrow().what().contains(what),
        () -> report.firstFinding().orElseThrow().toString());
  }

  private static MarketEvent.DemandRaised raised(
      MarketEvent e, long leaf, BigInteger bond, long later, boolean other) {
    var r = (MarketEvent.DemandRaised) e;
    return new MarketEvent.DemandRaised(
        r.at(),
        r.dealId(),
        r.miner(),
        other ? r.miner() : r.demander(),
        r.byAuditor(),
        r.leaf() + leaf,
        r.bond().add(bond),
        r.deadline().plus(later));
  }

  @Test
  void each_lie_about_demands_and_disputes_is_named() throws Exception {
    finish();
    Class<MarketEvent.DemandRaised> demand = MarketEvent.DemandRaised.class;
    BigInteger none = BigInteger.ZERO;
    found("demand of the client", demand, e -> null);
    found("leaf of the demand", demand, e -> raised(e, 1 << 20, none, 0, false));
    found("openings of the answer", demand, e -> raised(e, 1, none, 0, false));
    found("least bond", demand, e -> raised(e, 0, bond.negate(), 0, false));
    found("bond of the demand", demand, e -> raised(e, 0, BigInteger.ONE, 0, false));
    found("deadline of the demand", demand, e -> raised(e, 0, none, 1, false));
    found("sender of the demand", demand, e -> raised(e, 0, none, 0, true));
    // What was not answered is still open in the contract, which says otherwise.
    found("ether", MarketEvent.DemandAnswered.class, e -> null);
    found("default of", MarketEvent.DemandResolved.class, e -> null);
    found("default of", MarketEvent.SealDisputed.class, e -> null);
    found(
        "disputed leaf",
        MarketEvent.SealDisputed.class,
        e ->
            new MarketEvent.SealDisputed(
                e.at(),
                ((MarketEvent.SealDisputed) e).dealId(),
                ((MarketEvent.SealDisputed) e).by(),
                1L << 30));
    found("balance of", MarketEvent.DealTerminated.class, e -> null);
    found(
        "ether withdrawn",
        MarketEvent.EtherWithdrawn.class,
        e ->
            new MarketEvent.EtherWithdrawn(
                e.at(),
                ((MarketEvent.EtherWithdrawn) e).account(),
                ((MarketEvent.EtherWithdrawn) e).to(),
                BigInteger.ONE));
    found(
        "openings of the answer",
        e -> e,
        c ->
            c instanceof MarketCall.Answer a
                ? new MarketCall.Answer(
                    a.items().stream()
                        .map(
                            i ->
                                new MarketCall.Answer.Item(
                                    i.proposal(), i.byAuditor(), new byte[64]))
                        .toList())
                : c);
    found(
        "disputed leaf",
        e -> e,
        c ->
            c instanceof MarketCall.Dispute x
                ? new MarketCall.Dispute(x.proposal(), x.leaf(), new byte[64])
                : c);
  }
}
