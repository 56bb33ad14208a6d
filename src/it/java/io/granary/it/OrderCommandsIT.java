package io.granary.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.granary.auditor.replay.AuditReport;
import io.granary.auditor.replay.ChainAudit;
import io.granary.auditor.replay.RebuiltState;
import io.granary.contracts.DevMarket;
import io.granary.contracts.devnet.Faucet;
import io.granary.contracts.keys.Keystores;
import io.granary.protocol.chain.MarketCall;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MarketHistory;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import io.granary.protocol.values.TxHash;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What clients sign and others send, and mandates, on the command line against a real chain. */
class OrderCommandsIT extends CommandLineHarness {
  @TempDir Path market;
  private DevMarket m;
  private final EthKey relayerKey = EthKey.generate();
  private Path relayer = Path.of("");
  private Path owner = Path.of("");

  @BeforeEach
  void startMarket() throws IOException {
    m = new DevMarket(market);
    wallet(home, m.clientKey);
    relayer = Files.createDirectories(home.resolve("relayer"));
    wallet(relayer, relayerKey);
    owner = Files.createDirectories(home.resolve("owner"));
    wallet(owner, m.ownerKey);
    try (Faucet faucet = new Faucet(m.anvil.endpoint(), m.deployment.token())) {
      faucet.give(relayerKey.address(), 1, TokenAmount.ZERO);
    }
  }

  private void wallet(Path dir, EthKey key) throws IOException {
    Files.writeString(dir.resolve("password"), "secret");
    Keystores.save(key, "secret", dir.resolve("wallet.json"), Keystores.Strength.LIGHT);
    m.deployment.save(dir.resolve("deployment.json"));
  }

  @AfterEach
  void stopMarket() throws IOException {
    m.close();
  }

  private List<String> orders(Answer signed) throws IOException {
    assertEquals(0, signed.code(), signed.text());
    List<String> words = new ArrayList<>();
    signed.json().path("orders").forEach(o -> words.add(o.asText()));
    return words;
  }

  private BigInteger etherOfClient() {
    return m.client.queries().wei(m.clientKey.address());
  }

  private void auditIsClean() {
    AuditReport report =
        new ChainAudit(m.client.queries(), m.client.queries(), m.client.queries()).run();
    assertTrue(report.ok(), report::toString);
    assertTrue(RebuiltState.assertMatches(m) > 0);
    CountedMoney.assertMatches(m);
  }

  @Test
  void a_client_without_gas_withdraws_through_a_third_party() throws IOException {
    BigInteger ether = etherOfClient();
    TokenAmount before = m.client.queries().account(m.clientKey.address()).balance();
    says(at("order withdraw 1000000000"), 2, "cannot withdraw");
    List<String> words = orders(at("order withdraw 2", "--to", relayerKey.address().toString()));
    assertEquals(2, words.size());
    // The payout cannot go first, nor can anybody change it.
    says(at(relayer, "order send " + words.get(1)), 2, "WrongNonce");
    says(at(relayer, "order send " + words.get(0).replace(":2000000", ":3000000")), 2, "NotSigned");
    JsonNode sent = at(relayer, "order send " + words.get(0)).json();
    assertTrue(sent.path("ok").asBoolean(), sent.toString());
    says(at(relayer, "order send " + words.get(0)), 2, "WrongNonce");
    says(at(relayer, "order send " + words.get(1)), 1, "WithdrawalNotDue");
    m.anvil.mine(m.client.terms().withdrawNotice());
    assertEquals(0, at(relayer, "order send " + words.get(1)).code());
    assertEquals(
        TokenAmount.parseTokens("2"), m.client.queries().walletBalance(relayerKey.address()));
    assertEquals(
        before.minus(TokenAmount.parseTokens("2")),
        m.client.queries().account(m.clientKey.address()).balance());
    assertEquals(ether, etherOfClient(), "the client paid no gas");
    auditIsClean();
  }

  @Test
  void notices_and_revocations_are_relayed() throws IOException {
    DealProposal p = m.activeDeal(m.data(4_000), 20);
    DealId id = m.idOf(p);
    says(at(relayer, "order end " + id), 2, "only the client of deal " + id);
    String mandate = mandate(id, "0.5");
    String revocation = orders(at("order revoke " + mandate)).getFirst();
    String notice = orders(at("order end " + id)).getFirst();
    says(at(relayer, "order send " + revocation.replace(":12:", ":13:")), 2, "NotClient");
    assertEquals(0, at(relayer, "order send " + revocation).code());
    assertTrue(at("deal mandate show " + mandate).json().path("revoked").asBoolean());
    Answer ended = at(relayer, "order send " + notice);
    while (ended.code() == 1) {
      // Not while the set is frozen.
      m.anvil.mine(1);
      ended = at(relayer, "order send " + notice);
    }
    assertEquals(0, ended.code(), ended.text());
    assertTrue(m.client.queries().deal(id).orElseThrow().noticed());
    auditIsClean();
  }

  @Test
  void an_order_taken_twice_or_out_of_turn_is_found() throws IOException {
    String request = orders(at("order withdraw 1")).getFirst();
    assertEquals(0, at(relayer, "order send " + request).code());
    MarketHistory told =
        new MarketHistory() {
          @Override
          public BlockNumber deployedAt() {
            return m.client.queries().deployedAt();
          }

          @Override
          public List<MarketEvent> events(BlockNumber from, BlockNumber to) {
            return m.client.queries().events(from, to).stream()
                .map(
                    e ->
                        e instanceof MarketEvent.OrderTaken o
                            ? new MarketEvent.OrderTaken(o.at(), o.account(), o.nonce() + 1)
                            : e)
                .toList();
          }

          @Override
          public List<MarketCall> calls(TxHash tx) {
            return m.client.queries().calls(tx);
          }
        };
    AuditReport report = new ChainAudit(m.client.queries(), told, m.client.queries()).run();
    assertTrue(
        report.firstFinding().orElseThrow().what().contains("nonce of an order"), report::toString);
  }

  @Test
  void what_is_no_order_is_named() {
    says(at(relayer, "order send request:1"), 2, "not an order: 'request:1'", "granary order");
    says(granary("order"), 2, "granary order withdraw, cancel, revoke, end or send");
    says(at("order cancel 0x" + "12".repeat(32)), 2, "granary deal list");
    says(at("order withdraw 1", "--blocks", "0"), 2, "--blocks is at least 1, not 0");
  }

  private String mandate(DealId id, String maxPrice) throws IOException {
    Answer signed =
        at(
            "deal mandate sign " + id,
            "--times",
            "12",
            "--periods",
            "2",
            "--max-price",
            maxPrice,
            "--budget",
            "50");
    assertEquals(0, signed.code(), signed.text());
    return signed.json().path("mandate").asText();
  }

  @Test
  void a_mandate_is_signed_shown_executed_and_revoked() throws IOException {
    DealProposal p = m.activeDeal(m.data(4_000), 4);
    DealId id = m.idOf(p);
    says(
        at(
            relayer,
            "deal mandate sign " + id,
            "--times",
            "1",
            "--periods",
            "1",
            "--max-price",
            "1",
            "--budget",
            "1"),
        2,
        "only the client of an active deal signs a mandate");
    says(at("deal mandate show 1:2"), 2, "not a mandate: '1:2'");
    String mandate = mandate(id, "0.5");
    assertEquals(0, at("deal mandate show " + mandate).json().path("used").asInt());
    says(at(relayer, "deal mandate execute " + mandate), 1, "MandateTooEarly");
    // Without more the default takes the collateral that this miner's own asks lock.
    Answer limits = at(owner, "miner renewals", "--price", DevMarket.PRICE_PER_LEAF.toTokens());
    assertEquals(0, limits.code(), limits.text());
    says(at("miner renewals", "--max-collateral", "1"), 2, "--max-collateral needs --price");
    Answer executed = at(relayer, "deal mandate execute " + mandate);
    for (int i = 0; i < 200 && executed.code() != 0; i++) {
      proveIfDue();
      m.anvil.mine(1);
      executed = at(relayer, "deal mandate execute " + mandate);
    }
    assertEquals(0, executed.code(), executed.text());
    JsonNode shown = at("deal mandate show " + mandate).json();
    assertEquals(1, shown.path("used").asInt());
    says(at(relayer, "deal mandate revoke " + mandate), 2, "NotClient");
    assertEquals(0, at("deal mandate revoke " + mandate).code());
    says(at(relayer, "deal mandate execute " + mandate), 2, "MandateRevoked");
    assertEquals(DealState.ACTIVE, m.client.queries().deal(id).orElseThrow().state());
    auditIsClean();
  }

  private void proveIfDue() throws IOException {
    var clock = m.client.queries().clock(m.miner());
    long period = clock.periodAt(m.head() + 1);
    if (clock.inWindow(period, m.head() + 1)
        && !m.client.queries().isProved(m.miner(), new Period(period))) {
      m.operator
          .actions()
          .prove(m.miner(), new Period(period), m.openings(new Period(period)))
          .orThrow();
    }
  }
}
