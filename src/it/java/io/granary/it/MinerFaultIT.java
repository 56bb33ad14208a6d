package io.granary.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.app.Main;
import io.granary.app.node.MinerHome;
import io.granary.app.node.MinerSettings;
import io.granary.app.node.Nodes;
import io.granary.auditor.replay.ChainAudit;
import io.granary.client.grpc.MinerConnection;
import io.granary.contracts.DevMarket;
import io.granary.contracts.FaultyEndpoint;
import io.granary.contracts.keys.Keystores;
import io.granary.contracts.rpc.RpcEndpoints;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A miner that loses two of three replicas, and its operator at the command line. Meanwhile one or
 * another of its three endpoints fails or lies.
 */
class MinerFaultIT {
  @TempDir Path dir;
  private DevMarket market;
  private MinerHome home;
  private AutoCloseable node;
  private final List<FaultyEndpoint> endpoints = new ArrayList<>();

  private record Answer(int code, String text) {
    JsonNode json() {
      try {
        return new ObjectMapper().readTree(text);
      } catch (IOException e) {
        throw new IllegalStateException(text, e);
      }
    }
  }

  private Answer granary(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--miner-home", home.dir().toString(), "--json"));
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
    try {
      return new Answer(
          Main.run(all.toArray(String[]::new)), said.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
  }

  @BeforeEach
  void start() throws Exception {
    market = new DevMarket(dir);
    home = new MinerHome(dir.resolve("miner"));
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    String endpoint = "127.0.0.1:" + port;
    Files.createDirectories(home.dir());
    Files.writeString(home.dir().resolve("password"), "secret");
    // The key that the market's fixture has registered.
    Keystores.save(
        market.operatorKey,
        "secret",
        home.dir().resolve("operator.json"),
        Keystores.Strength.LIGHT);
    home.create(
        MinerSettings.of(
                market.miner().toString(),
                endpoint,
                endpoint,
                64 << 20,
                DevMarket.PRICE_PER_LEAF.units().longValueExact(),
                3_000_000_000L)
            // Here an operator does it.
            .withDeclareFaults(false),
        market.deployment,
        "secret",
        Keystores.Strength.LIGHT);
    market
        .owner
        .actions()
        .update(market.miner(), endpoint, home.tls().tlsKeyHash(), DevMarket.PRICE_PER_LEAF)
        .orThrow();
    for (int i = 0; i < 3; i++) {
      endpoints.add(new FaultyEndpoint(market.anvil.endpoint()));
    }
    RpcEndpoints rpc =
        new RpcEndpoints(
            endpoints.stream().map(FaultyEndpoint::uri).toList(),
            new RpcEndpoints.Patience(
                Duration.ofSeconds(10),
                Duration.ofSeconds(2),
                Duration.ofMillis(50),
                Duration.ofSeconds(1)));
    node = Nodes.startMiner(home, Optional.empty(), Optional.of(rpc));
  }

  @AfterEach
  void stop() throws Exception {
    node.close();
    endpoints.forEach(FaultyEndpoint::close);
    market.close();
  }

  private DealSnapshot deal(DealId id) {
    return market.client.queries().deal(id).orElseThrow();
  }

  /** Makes blocks, slowly enough for the node to act at each. */
  private void mineUntil(String what, BooleanSupplier condition) throws Exception {
    Instant limit = Instant.now().plus(Duration.ofSeconds(90));
    while (!condition.getAsBoolean()) {
      assertTrue(Instant.now().isBefore(limit), () -> what + " did not happen; " + status());
      market.anvil.mine(1);
      Thread.sleep(100);
    }
  }

  private JsonNode status() {
    return granary("miner", "status").json();
  }

  /** What the node says by one of its alerts. */
  private String troubles(String event) {
    StringBuilder found = new StringBuilder();
    for (JsonNode trouble : status().path("troubles")) {
      if (trouble.path("event").asText().equals(event)) {
        found.append(trouble.path("message").asText()).append('\n');
      }
    }
    return found.toString();
  }

  private Path replica(DealId id) {
    return home.dir().resolve("replicas").resolve(id.hash().toHex() + ".replica");
  }

  private DealId agree(MinerConnection connection, int size, long periods) throws IOException {
    byte[] data = market.data(size);
    DealProposal p = market.proposal(data, periods);
    Path file = Files.write(dir.resolve("data-" + size), data);
    connection.propose(market.sign(p), connection.ask());
    try (FileChannel channel = FileChannel.open(file)) {
      connection.upload(market.idOf(p), channel, size, done -> {});
    }
    return market.idOf(p);
  }

  /** Sent until the set is not frozen. */
  private JsonNode sent(String what, String... command) throws Exception {
    JsonNode[] answer = {null};
    mineUntil(
        what,
        () -> {
          Answer a = granary(command);
          answer[0] = a.json();
          assertTrue(
              a.code() == 0
                  || List.of("SetFrozenUntil", "RecoveryTooSoon", "BadRecovery")
                      .contains(answer[0].path("error").asText())
                  || answer[0].path("message").asText().contains("can be recovered from block"),
              a.text());
          return a.code() == 0;
        });
    return answer[0];
  }

  @Test
  void lost_replicas_are_declared_one_is_recovered_and_one_is_forfeit() throws Exception {
    DealId kept;
    DealId lost;
    DealId gone;
    var q = market.client.queries();
    try (MinerConnection connection =
        new MinerConnection(
            q.miner(market.miner()).orElseThrow(),
            market.client.terms().domain(),
            market.clientKey)) {
      kept = agree(connection, 3_000, 14);
      lost = agree(connection, 2_000, 14);
      gone = agree(connection, 1_000, 40);
    }
    endpoints.get(0).does(FaultyEndpoint.status(503));
    mineUntil(
        "activation",
        () ->
            List.of(kept, lost, gone).stream()
                .allMatch(id -> q.deal(id).filter(d -> d.state() == DealState.ACTIVE).isPresent()));
    mineUntil(
        "the endpoint that fails is told of",
        () -> troubles("endpoint-down").contains(endpoints.get(0).name()));
    endpoints.get(0).heals();
    // The second lies when the next period's block is asked for.
    endpoints.get(1).does(FaultyEndpoint.liesAboutHashes("0x" + "ab".repeat(32)));
    assertEquals(0, granary("miner", "verify").code());
    Files.delete(replica(lost));
    Files.delete(replica(gone));
    mineUntil(
        "the node says what to do",
        () -> status().path("troubles").toString().contains("granary miner fault"));

    JsonNode declared = sent("declaration", "miner", "fault", lost.toString(), gone.toString());
    Period since = deal(lost).faultySince();
    JsonNode row = declared.path("deals").path(0);
    assertEquals(lost.toString(), row.path("dealId").asText());
    assertEquals(since.index(), row.path("faultySince").asLong());
    assertTrue(row.path("periodsLeft").asLong() >= 1, declared.toString());
    TokenAmount fee = TokenAmount.parseTokens(row.path("feePerPeriod").asText());
    assertEquals(deal(lost).price().units().longValueExact() / 14, fee.units().longValueExact(), 1);
    long proved = deal(kept).proved();
    mineUntil("the kept deal is proved alone", () -> q.isProved(market.miner(), since));
    assertEquals(DealState.FAULTY, deal(lost).state());
    mineUntil(
        "the node lists the state",
        () ->
            granary("miner", "deals").json().findValuesAsText("state").stream()
                    .filter("FAULTY"::equals)
                    .count()
                == 2);

    mineUntil(
        "the endpoint that lies is told of",
        () -> troubles("endpoints-disagree").contains(endpoints.get(1).name()));
    endpoints.get(1).heals();
    endpoints.get(2).does(FaultyEndpoint.drops());

    // Without its replica it cannot be.
    Answer early = granary("miner", "recover", lost.toString());
    assertTrue(early.code() != 0, early.text());
    Answer verified = granary("miner", "verify", lost.toString(), kept.toString());
    assertEquals(3, verified.code(), verified.text());
    assertTrue(verified.text().contains("missing"), verified.text());
    Answer alone = granary("miner", "repair", lost.toString());
    assertTrue(alone.code() == 2 && alone.text().contains("--from FILE"), alone.text());
    Answer wrong =
        granary("miner", "repair", lost.toString(), "--from", dir.resolve("data-3000").toString());
    assertTrue(wrong.code() == 2 && wrong.text().contains("is not the deal's piece"), wrong.text());
    Answer repaired =
        granary("miner", "repair", lost.toString(), "--from", dir.resolve("data-2000").toString());
    assertEquals(0, repaired.code(), repaired.text());
    JsonNode recovered = sent("recovery", "miner", "recover", lost.toString());
    assertEquals("ACTIVE", recovered.path("deals").path(0).path("state").asText());
    Period from = deal(lost).cursor();
    mineUntil("proved again", () -> q.isProved(market.miner(), from));
    Answer again = granary("miner", "recover", lost.toString());
    assertTrue(again.code() == 2 && again.text().contains("is ACTIVE"), again.text());

    mineUntil(
        "termination",
        () ->
            deal(gone).state() == DealState.TERMINATED
                || market.client.actions().terminate(gone) instanceof TxResult.Confirmed);
    mineUntil(
        "completion",
        () ->
            deal(kept).state() == DealState.COMPLETED && deal(lost).state() == DealState.COMPLETED);
    assertTrue(deal(kept).proved() > proved);
    assertTrue(deal(lost).proved() > 0);
    assertEquals(
        from.index() - since.index(), deal(lost).missed() - deal(kept).missed(), "faulty periods");
    var report = new ChainAudit(q, q, q).run();
    assertTrue(report.ok(), () -> report.firstFinding().toString());
  }
}
