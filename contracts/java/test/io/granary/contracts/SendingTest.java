package io.granary.contracts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import io.granary.contracts.deploy.Deployment;
import io.granary.contracts.events.EventFollower;
import io.granary.contracts.keys.Keystores;
import io.granary.contracts.rpc.RpcEndpoints;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.EventStream;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.BlockRef;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Transactions that wait, vanish or race; reorgs; a dead endpoint; keys and digests that others
 * compute too.
 */
class SendingTest {
  @TempDir Path dir;
  private DevMarket market;

  @BeforeEach
  void start() throws IOException {
    market = new DevMarket(dir);
  }

  @AfterEach
  void stop() throws IOException {
    market.close();
  }

  private static void await(String what, BooleanSupplier condition) {
    Instant limit = Instant.now().plusSeconds(20);
    while (!condition.getAsBoolean()) {
      assertTrue(Instant.now().isBefore(limit), what);
      Thread.onSpinWait();
    }
  }

  private int pooled() {
    return Integer.decode(
        ((java.util.Map<?, ?>) market.anvil.ask("txpool_status", List.of()))
            .get("pending")
            .toString());
  }

  @Test
  void a_stuck_transaction_is_sent_again_with_a_higher_fee_and_mined_once() throws Exception {
    market.anvil.ask("evm_setAutomine", List.of(false));
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<TxResult> result =
          executor.submit(() -> market.client.actions().deposit(TokenAmount.of(5)));
      await("a transaction in the pool", () -> pooled() == 1);
      String first = market.anvil.ask("txpool_content", List.of()).toString();
      await(
          "a replacement",
          () -> !market.anvil.ask("txpool_content", List.of()).toString().equals(first));
      assertEquals(1, pooled());
      market.anvil.mine(1);
      assertInstanceOf(TxResult.Confirmed.class, result.get(20, TimeUnit.SECONDS));
    }
    assertEquals(
        TokenAmount.parseTokens("500").plus(TokenAmount.of(5)),
        market.client.queries().account(market.clientKey.address()).balance());
  }

  @Test
  void a_dropped_transaction_is_sent_again() throws Exception {
    market.anvil.ask("evm_setAutomine", List.of(false));
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<TxResult> result =
          executor.submit(() -> market.client.actions().deposit(TokenAmount.of(7)));
      await("a transaction in the pool", () -> pooled() == 1);
      market.anvil.ask("anvil_dropAllTransactions", List.of());
      await("the same call in the pool again", () -> pooled() == 1);
      market.anvil.mine(1);
      assertInstanceOf(TxResult.Confirmed.class, result.get(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void many_threads_share_one_key_without_a_gap_or_a_repeat() throws Exception {
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<TxResult>> results = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        results.add(
            executor.submit(() -> market.client.actions().requestWithdrawal(TokenAmount.of(1))));
      }
      for (Future<TxResult> r : results) {
        assertInstanceOf(TxResult.Confirmed.class, r.get(30, TimeUnit.SECONDS));
      }
    }
    var q = market.client.queries();
    assertEquals(
        12,
        q.events(q.deployedAt(), q.head().number()).stream()
            .filter(MarketEvent.WithdrawalRequested.class::isInstance)
            .count());
  }

  @Test
  void a_reorg_reverts_events_newest_first_and_applies_the_new_branch() {
    List<String> told = new CopyOnWriteArrayList<>();
    BlockNumber from = market.client.queries().head().number().plus(1);
    EventFollower follower =
        new EventFollower(
            market.client.queries(), market.client.queries(), 0, Duration.ofMillis(20));
    try (EventStream.Subscription s =
        follower.follow(
            from,
            new EventStream.Listener() {
              @Override
              public void applied(BlockRef block, List<MarketEvent> events) {
                events.forEach(e -> told.add("+" + ((MarketEvent.Deposited) e).amount().units()));
              }

              @Override
              public void reverted(BlockRef block) {
                told.add("-" + block.number().minus(from.value()));
              }
            })) {
      Object snapshot = market.anvil.ask("evm_snapshot", List.of());
      market.client.actions().deposit(TokenAmount.of(1)).orThrow();
      market.client.actions().deposit(TokenAmount.of(2)).orThrow();
      await("both deposits", () -> told.contains("+1") && told.contains("+2"));
      market.anvil.ask("evm_revert", List.of(snapshot));
      market.anvil.mine(1);
      market.client.actions().deposit(TokenAmount.of(3)).orThrow();
      market.anvil.mine(3);
      await("the new branch", () -> told.contains("+3"));
      assertTrue(told.indexOf("-1") < told.indexOf("-0") && told.contains("-1"), told.toString());
      assertEquals(1, told.stream().filter("+1"::equals).count());
    }
  }

  @Test
  void a_dead_endpoint_and_a_wrong_market_name_themselves() {
    URI nowhere = URI.create("http://127.0.0.1:9");
    ChainConfig dead = ChainConfig.of(RpcEndpoints.of(nowhere), market.deployment.market(), 0);
    String message =
        assertThrows(
                ChainUnavailableException.class, () -> GranaryChain.connect(dead, Optional.empty()))
            .getMessage();
    assertTrue(message.contains(nowhere.toString()) && message.contains("--rpc"), message);
    ChainConfig wrong =
        ChainConfig.of(RpcEndpoints.of(market.anvil.endpoint()), market.clientKey.address(), 0);
    String other =
        assertThrows(
                IllegalArgumentException.class, () -> GranaryChain.connect(wrong, Optional.empty()))
            .getMessage();
    assertTrue(other.contains("--market"), other);
  }

  @Test
  void an_endpoint_that_answers_429_or_503_is_asked_again_and_then_named() throws IOException {
    for (int status : new int[] {429, 503}) {
      AtomicInteger asked = new AtomicInteger();
      HttpServer busy = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
      busy.createContext(
          "/",
          exchange -> {
            asked.incrementAndGet();
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
          });
      busy.start();
      try {
        URI uri = URI.create("http://127.0.0.1:" + busy.getAddress().getPort());
        ChainConfig config = ChainConfig.of(RpcEndpoints.of(uri), market.deployment.market(), 0);
        String message =
            assertThrows(
                    ChainUnavailableException.class,
                    () -> GranaryChain.connect(config, Optional.empty()))
                .getMessage();
        assertTrue(message.contains(uri.toString()) && message.contains("" + status), message);
        assertTrue(asked.get() > 1, "once may be bad luck");
      } finally {
        busy.stop(0);
      }
    }
  }

  @Test
  void java_the_contract_and_cast_give_the_same_digest() throws Exception {
    DealProposal p = market.proposal(market.data(1000), 7);
    var domain = market.client.terms().domain();
    assertEquals(Eip712.domainSeparator(domain), market.client.queries().domainSeparator());
    assertEquals(Eip712.dealId(domain, p), market.client.queries().dealIdOf(p));
    String json =
        """
        {"types":{"EIP712Domain":[{"name":"name","type":"string"},{"name":"version","type":"string"},{"name":"chainId","type":"uint256"},{"name":"verifyingContract","type":"address"}],
        "DealProposal":[{"name":"client","type":"address"},{"name":"miner","type":"address"},{"name":"auditor","type":"address"},{"name":"pieceRoot","type":"bytes32"},{"name":"rawSize","type":"uint64"},{"name":"sealProfile","type":"uint8"},{"name":"periods","type":"uint32"},{"name":"price","type":"uint96"},{"name":"collateral","type":"uint96"},{"name":"publishBy","type":"uint64"},{"name":"activateBy","type":"uint64"},{"name":"replaces","type":"bytes32"},{"name":"salt","type":"bytes32"}]},
        "primaryType":"DealProposal","domain":{"name":"Granary","version":"1","chainId":%d,"verifyingContract":"%s"},
        "message":{"client":"%s","miner":"%s","auditor":"%s","pieceRoot":"0x%s","rawSize":%d,"sealProfile":1,"periods":%d,"price":"%s","collateral":"%s","publishBy":%d,"activateBy":%d,"replaces":"0x%s","salt":"0x%s"}}
        """
            .formatted(
                domain.chainId(),
                domain.market(),
                p.client(),
                p.miner(),
                p.auditor(),
                p.pieceRoot(),
                p.size().bytes(),
                p.periods(),
                p.price().units(),
                p.collateral().units(),
                p.publishBy().value(),
                p.activateBy().value(),
                p.replaces(),
                p.salt());
    Path file = Files.writeString(dir.resolve("typed.json"), json);
    String key = "0x" + java.util.HexFormat.of().formatHex(market.clientKey.secretBytes());
    Process cast =
        new ProcessBuilder(
                "../contracts/node_modules/.bin/cast",
                "wallet",
                "sign",
                "--private-key",
                key,
                "--data",
                "--from-file",
                file.toString())
            .redirectErrorStream(true)
            .start();
    String signature =
        new String(cast.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertEquals(0, cast.waitFor(), signature);
    // Both sign deterministically (RFC 6979): equal signatures mean equal digests.
    assertEquals(
        market.clientKey.sign(Eip712.dealId(domain, p).hash()).toString(),
        signature.lines().toList().getLast());
  }

  @Test
  void key_files_and_deployments_come_back_and_wrong_ones_say_why() throws IOException {
    EthKey key = EthKey.generate();
    Path file = dir.resolve("k/key.json");
    Keystores.save(key, "right", file, Keystores.Strength.LIGHT);
    assertEquals(key.address(), Keystores.load(file, "right").address());
    assertTrue(
        assertThrows(IOException.class, () -> Keystores.load(file, "wrong"))
            .getMessage()
            .contains("password does not open"));
    assertTrue(
        assertThrows(
                IOException.class, () -> Keystores.save(key, "x", file, Keystores.Strength.LIGHT))
            .getMessage()
            .contains("never overwritten"));
    assertTrue(
        assertThrows(IOException.class, () -> Keystores.load(dir.resolve("none"), "x"))
            .getMessage()
            .contains("wallet new"));
    assertEquals(
        "rw-------",
        java.nio.file.attribute.PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    Path saved = dir.resolve("deployment.json");
    market.deployment.save(saved);
    assertEquals(market.deployment, Deployment.load(saved));
    Files.writeString(saved, "{}");
    assertTrue(
        assertThrows(IOException.class, () -> Deployment.load(saved))
            .getMessage()
            .contains("no deployment file"));
  }
}
