package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.auditor.replay.ChainAudit;
import io.granary.client.ClientConfig;
import io.granary.client.ClientPorts;
import io.granary.client.GranaryClient;
import io.granary.client.Redundancy;
import io.granary.contracts.DevMarket;
import io.granary.contracts.GranaryChain;
import io.granary.contracts.devnet.Faucet;
import io.granary.miner.replica.LocalDisk;
import io.granary.proofs.Sha256;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.grpc.TlsFolder;
import io.granary.protocol.grpc.TlsIdentity;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two real miners over TLS, and a client that moves its deal from one to the other. */
class HandOverNodesIT {
  @TempDir Path dir;
  private final EthKey heirKey = EthKey.generate();
  private final EthKey heirOperatorKey = EthKey.generate();
  private DevMarket market;
  private GranaryChain heir;
  private GranaryChain heirOperator;
  private MinerNode oldNode;
  private MinerNode heirNode;
  private GranaryClient client;

  @BeforeEach
  void start() throws Exception {
    market = new DevMarket(dir);
    try (Faucet faucet = new Faucet(market.anvil.endpoint(), market.deployment.token())) {
      faucet.give(heirKey.address(), 10, TokenAmount.parseTokens("1000"));
      faucet.give(heirOperatorKey.address(), 10, TokenAmount.ZERO);
    }
    heir = market.connect(heirKey);
    heirOperator = market.connect(heirOperatorKey);
    oldNode = node("old", market.operator, market.operatorKey, market.miner());
    reachable(market.owner, "old", oldNode, market.miner());
    client =
        new GranaryClient(
            new ClientPorts(
                market.client.queries(),
                market.client.queries(),
                market.client.actions(),
                market.client.queries(),
                market.client.queries()),
            market.clientKey,
            ClientConfig.defaults(dir.resolve("client"))
                .with(Redundancy.replicas(1), 60, Optional.empty())
                .withEncrypted(false));
  }

  private void heirStarts() throws Exception {
    heir.actions()
        .register(
            heirOperatorKey.address(),
            TokenAmount.parseTokens("100"),
            "127.0.0.1:1",
            Sha256.hash(new byte[2]),
            DevMarket.PRICE_PER_LEAF)
        .orThrow();
    heir.actions().deposit(TokenAmount.parseTokens("500")).orThrow();
    heirNode = node("heir", heirOperator, heirOperatorKey, heirKey.address());
    reachable(heir, "heir", heirNode, heirKey.address());
  }

  private MinerNode node(String name, GranaryChain operator, EthKey key, Address miner)
      throws IOException {
    var q = operator.queries();
    AskPolicy ask =
        new AskPolicy(
            DevMarket.PRICE_PER_LEAF,
            TokenAmount.of(3_000_000_000L),
            1,
            1 << 20,
            1,
            100,
            Duration.ofMinutes(5));
    TlsIdentity.loadOrCreate(dir.resolve(name));
    return MinerNode.start(
        MinerConfig.defaults(dir.resolve(name))
            .withEndpoint("127.0.0.1", 0, "127.0.0.1:1")
            .withCapacityBytes(8 << 20)
            .withConfirmations(0)
            .withAsk(ask),
        new MinerPorts(q, q, operator.actions(), q, operator.events()),
        key,
        miner,
        new TlsFolder(dir.resolve(name)),
        new LocalDisk());
  }

  private void reachable(GranaryChain owner, String name, MinerNode node, Address miner)
      throws IOException {
    owner
        .actions()
        .update(
            miner,
            "127.0.0.1:" + node.port(),
            TlsIdentity.load(dir.resolve(name)).tlsKeyHash(),
            DevMarket.PRICE_PER_LEAF)
        .orThrow();
  }

  @AfterEach
  void stop() throws Exception {
    if (heirNode != null) {
      heirNode.close();
    }
    oldNode.close();
    heir.close();
    heirOperator.close();
    market.close();
  }

  /** Makes blocks, slowly enough for the nodes to act at each. */
  private void mineUntil(String what, BooleanSupplier condition) throws Exception {
    Instant limit = Instant.now().plusSeconds(120);
    while (!condition.getAsBoolean()) {
      assertTrue(
          Instant.now().isBefore(limit),
          what
              + " did not happen; "
              + oldNode.troubles()
              + (heirNode == null ? "" : heirNode.troubles()));
      market.anvil.mine(1);
      Thread.sleep(100);
      market.awaitProof(market.miner());
      market.awaitProof(heirKey.address());
    }
  }

  private <T> T whileBlocksPass(String what, Callable<T> task) throws Exception {
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<T> done = executor.submit(task);
      mineUntil(what, done::isDone);
      return done.get();
    }
  }

  private DealSnapshot deal(DealId id) {
    return market.client.queries().deal(id).orElseThrow();
  }

  @Test
  void a_deal_moves_from_one_node_to_another_and_both_are_paid() throws Exception {
    byte[] data = market.data(30_000);
    Path file = Files.write(dir.resolve("file.bin"), data);
    var stored = whileBlocksPass("put", () -> client.put(file, step -> {}));
    DealId old = DealId.parse(stored.deals().getFirst().dealId());
    Files.delete(file);
    heirStarts();

    DealSnapshot next =
        whileBlocksPass(
            "hand-over",
            () ->
                client.handOver(
                    old, heirKey.address(), Optional.empty(), Optional.empty(), step -> {}));
    assertEquals(DealState.ACTIVE, next.state());
    DealSnapshot left = deal(old);
    assertTrue(left.noticed());
    var clocks = market.client.queries();
    assertTrue(
        clocks.clock(heirKey.address()).periodEnd(next.start().index() - 1)
            >= clocks.clock(market.miner()).periodEnd(left.end().index() - 1),
        "a block is paid twice");

    mineUntil("completion of the old one", () -> deal(old).state() == DealState.COMPLETED);
    assertEquals(0, deal(old).missed());
    mineUntil(
        "pay of the new one", () -> deal(next.id()).proved() > 0 && deal(next.id()).missed() == 0);
    Path back = dir.resolve("back.bin");
    client.get("file.bin", back, step -> {});
    assertArrayEquals(data, Files.readAllBytes(back));
    assertNothingWrong(oldNode);
    assertNothingWrong(heirNode);
    assertAudited();
  }

  @Test
  void a_miner_that_dies_before_it_activates_harms_neither_client_nor_old_miner() throws Exception {
    byte[] data = market.data(30_000);
    Path file = Files.write(dir.resolve("file.bin"), data);
    var stored = whileBlocksPass("put", () -> client.put(file, step -> {}));
    DealId old = DealId.parse(stored.deals().getFirst().dealId());
    heirStarts();
    TokenAmount before = market.client.queries().account(market.clientKey.address()).balance();
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<DealSnapshot> lost =
          executor.submit(
              () ->
                  client.handOver(
                      old, heirKey.address(), Optional.empty(), Optional.of(file), step -> {}));
      mineUntil("publication", () -> market.client.queries().handOver(old).pending());
      heirNode.close();
      heirNode = null;
      mineUntil("the client's patience", lost::isDone);
      assertEquals(Future.State.FAILED, lost.state());
    }
    DealId next =
        client.deals().stream()
            .filter(d -> d.proposal().predecessor().isPresent())
            .findFirst()
            .orElseThrow()
            .id();
    assertEquals(DealState.PUBLISHED, deal(next).state());
    market.client.actions().expire(next).orThrow();
    TokenAmount after = market.client.queries().account(market.clientKey.address()).balance();
    // The tip for the expiry is the client's own.
    assertTrue(!after.isLessThan(before), before + " before, " + after + " after");
    assertEquals(DealState.ACTIVE, deal(old).state());
    assertTrue(!deal(old).noticed());
    assertEquals(0, deal(old).missed());
    assertAudited();
  }

  /** A slow machine may prove late, but nothing is refused or skipped. */
  private static void assertNothingWrong(MinerNode node) {
    Set<String> harmless = Set.of("proof-is-tight", "registry-differs");
    assertEquals(
        List.of(), node.troubles().stream().filter(t -> !harmless.contains(t.event())).toList());
  }

  private void assertAudited() {
    var q = market.client.queries();
    var report = new ChainAudit(q, q, q).run();
    assertTrue(report.ok(), () -> report.firstFinding().toString());
    assertEquals(0, report.unseen());
  }
}
