package io.granary.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.app.Main;
import io.granary.app.node.MinerHome;
import io.granary.app.node.MinerSettings;
import io.granary.app.node.Nodes;
import io.granary.app.node.RunningMiner;
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
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
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
  private RunningMiner node;
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
    all.add("--json");
    return text(all.toArray(String[]::new));
  }

  private Answer text(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--miner-home", home.dir().toString()));
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
    node = run();
  }

  private RunningMiner run() throws IOException {
    RpcEndpoints rpc =
        new RpcEndpoints(
            endpoints.stream().map(FaultyEndpoint::uri).toList(),
            new RpcEndpoints.Patience(
                Duration.ofSeconds(10),
                Duration.ofSeconds(2),
                Duration.ofMillis(50),
                Duration.ofSeconds(1)));
    return Nodes.startMiner(home, Optional.empty(), Optional.of(rpc));
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

  private static TokenAmount tokens(JsonNode deal, String part) {
    return TokenAmount.parseTokens(deal.path(part).asText());
  }

  /** Beside the running node; what it and the commands sent is all that the operator paid. */
  private void earningsAgreeWithTheChain(DealId lost, DealId gone) throws Exception {
    var q = market.client.queries();
    JsonNode[] earnings = {null};
    mineUntil(
        "every wei of the operator is accounted for",
        () -> {
          BigInteger left = q.wei(market.operatorKey.address());
          Answer a = granary("miner", "earnings");
          assertEquals(0, a.code(), a.text());
          earnings[0] = a.json();
          BigInteger spent = new BigInteger(a.json().at("/gas/total/feeWei").asText());
          return Nodes.ether(10).subtract(spent).equals(left)
              && left.equals(q.wei(market.operatorKey.address()));
        });
    JsonNode e = earnings[0];
    assertTrue(e.at("/check/agrees").asBoolean(), e.toString());
    assertEquals(0, e.at("/gas/unknownTransactions").size(), e.toString());
    assertTrue(e.at("/gas/operations/prove/transactions").asLong() > 3, e.toString());
    // The commands' own are found by what they did.
    assertEquals(1, e.at("/gas/operations/declareFaults/transactions").asLong(), e.toString());
    assertEquals(1, e.at("/gas/operations/recover/transactions").asLong(), e.toString());
    for (JsonNode d : e.path("deals")) {
      assertEquals("0", d.path("atRisk").asText(), d.toString());
      String id = d.path("id").asText();
      assertEquals(
          id.equals(lost.toString()) || id.equals(gone.toString()),
          !d.path("faultFees").asText().equals("0"),
          d.toString());
      // All are over: what was locked came back or was cut.
      assertEquals(id.equals(gone.toString()), d.path("returned").asText().equals("0"));
      assertEquals(
          tokens(d, "locked"),
          tokens(d, "returned")
              .plus(tokens(d, "slashed"))
              .plus(tokens(d, "faultFees"))
              .plus(tokens(d, "forfeited")),
          d.toString());
    }
    Answer text = text("miner", "earnings");
    assertTrue(text.text().contains("are the contract's, in block"), text.text());
    Answer both = granary("miner", "earnings", "--periods", "1..2", "--since", "3");
    assertTrue(both.code() == 2 && both.text().contains("not both"), both.text());
    Answer wrong = granary("miner", "earnings", "--periods", "9..2");
    assertTrue(wrong.code() == 2 && wrong.text().contains("9..2"), wrong.text());
    Answer ahead = granary("miner", "earnings", "--since", "99999999");
    assertTrue(ahead.code() == 2 && ahead.text().contains("the newest is"), ahead.text());
  }

  private void pricesAreWorkedOut() {
    Answer unknown = granary("miner", "price");
    assertTrue(unknown.code() == 2 && unknown.text().contains("--wei-per-token"), unknown.text());
    String[] rates = {"miner", "price", "--wei-per-token", "500000000000000", "--disk", "3"};
    Answer a = granary(rates);
    assertEquals(0, a.code(), a.text());
    assertEquals(3, a.json().path("sizes").size(), a.text());
    // The smaller the piece, the more of its price is gas.
    List<BigInteger> prices =
        a.json().findValuesAsText("pricePerLeafPeriod").stream().map(BigInteger::new).toList();
    assertTrue(prices.get(0).compareTo(prices.get(1)) > 0, a.text());
    assertTrue(prices.get(1).compareTo(prices.get(2)) > 0, a.text());
    assertTrue(prices.get(2).signum() > 0, a.text());
    assertTrue(text(rates).text().contains("BREAK-EVEN"));
    Answer percent = granary("miner", "price", "--wei-per-token", "1", "--capital", "1.234");
    assertTrue(percent.code() == 2 && percent.text().contains("1.234"), percent.text());
  }

  /** A backup that was made while it ran is all that is left, beside the replicas. */
  private void the_node_is_lost_but_for_its_replicas_and_restored(DealId away) throws Exception {
    Path backup = dir.resolve("backup");
    Answer made = granary("miner", "backup", "--to", backup.toString());
    assertEquals(0, made.code(), made.text());
    assertEquals(3, made.json().path("replicas").asInt(), made.text());
    Answer again = granary("miner", "backup", "--to", backup.toString());
    assertTrue(again.code() == 2 && again.text().contains("is there already"), again.text());
    // The node goes on after the backup: what the copy knows is older than the chain.
    Period proved = market.currentPeriod();
    mineUntil("a proof after the backup", () -> provedBy(proved));

    Answer drained = granary("miner", "drain");
    assertEquals(0, drained.code(), drained.text());
    assertTrue(node.whenDrained().get(30, TimeUnit.SECONDS).cut().isEmpty(), drained.text());
    node.close();
    Answer nobody = granary("miner", "drain");
    assertTrue(nobody.code() == 2 && nobody.text().contains("no node runs"), nobody.text());
    Answer full = granary("miner", "restore", "--from", backup.toString());
    assertTrue(full.code() == 2 && full.text().contains("is in the way"), full.text());
    loseAllButReplicas();
    Path elsewhere = Files.move(replica(away), dir.resolve("elsewhere"));
    JsonNode restored = granary("miner", "restore", "--from", backup.toString()).json();
    assertEquals(1, restored.path("missingReplicas").size(), restored.toString());
    assertEquals(away.toString(), restored.at("/missingReplicas/0/deal").asText());
    Files.move(elsewhere, replica(away));

    node = run();
    Period next = market.currentPeriod();
    mineUntil("the restored node proves", () -> provedBy(next));
    assertTrue(!status().path("troubles").toString().contains("refused"), () -> "" + status());
  }

  private boolean provedBy(Period period) {
    var q = market.client.queries();
    return q.isProved(market.miner(), period)
        || q.isProved(market.miner(), new Period(period.index() + 1));
  }

  private void loseAllButReplicas() throws IOException {
    try (Stream<Path> all = Files.walk(home.dir())) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        String first = home.dir().relativize(path).getName(0).toString();
        if (!List.of("", "replicas", "password").contains(first)) {
          Files.delete(path);
        }
      }
    }
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
    the_node_is_lost_but_for_its_replicas_and_restored(gone);
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
    earningsAgreeWithTheChain(lost, gone);
    pricesAreWorkedOut();
    var report = new ChainAudit(q, q, q).run();
    assertTrue(report.ok(), () -> report.firstFinding().toString());
  }
}
