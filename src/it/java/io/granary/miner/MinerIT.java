package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.granary.auditor.replay.ChainAudit;
import io.granary.client.grpc.MinerConnection;
import io.granary.client.grpc.PeerException;
import io.granary.contracts.ChainConfig;
import io.granary.contracts.DevMarket;
import io.granary.contracts.GranaryChain;
import io.granary.contracts.SeedKind;
import io.granary.contracts.rpc.RpcEndpoints;
import io.granary.miner.replica.Disk;
import io.granary.miner.replica.LocalDisk;
import io.granary.miner.storage.MinerStore;
import io.granary.proofs.LeafIndex;
import io.granary.proofs.disk.BulkFile;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.Ask;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.deal.SignedAsk;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.grpc.AuthClientInterceptor;
import io.granary.protocol.grpc.PeerChannels;
import io.granary.protocol.grpc.TlsFolder;
import io.granary.protocol.grpc.TlsIdentity;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import io.granary.v1.DealServiceGrpc;
import io.granary.v1.UploadHeader;
import io.granary.v1.UploadPieceRequest;
import io.granary.v1.UploadPieceResponse;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.math.BigInteger;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real miner over TLS on a real chain: what it refuses, what it keeps, and what a restart or a
 * bad disk does.
 */
class MinerIT {
  @TempDir Path dir;
  private DevMarket market;
  private TlsIdentity tls;
  private MinerNode node;
  private MinerConnection connection;
  private long usableBytes = 1L << 40;
  private volatile boolean sealFails;

  private final class TestDisk implements Disk {
    private final Disk real = new LocalDisk();

    @Override
    public BulkFile openForWriting(Path file) throws IOException {
      return real.openForWriting(file);
    }

    @Override
    public FileChannel sealing(Path file, FileChannel channel) {
      if (sealFails) {
        throw new IllegalStateException("No space left on device");
      }
      return channel;
    }

    @Override
    public long usableBytes(Path directory) {
      return usableBytes;
    }
  }

  @BeforeEach
  void start() throws IOException {
    start(SeedKind.BLOCK_HASH);
  }

  private void start(SeedKind seeds) throws IOException {
    market = new DevMarket(dir, seeds);
    tls = TlsIdentity.loadOrCreate(dir.resolve("miner"));
    run();
  }

  private void run() throws IOException {
    var q = market.operator.queries();
    AskPolicy ask =
        new AskPolicy(
            DevMarket.PRICE_PER_LEAF,
            TokenAmount.of(3_000_000_000L),
            1,
            1 << 20,
            1,
            100,
            Duration.ofMinutes(5));
    MinerConfig config =
        MinerConfig.defaults(dir.resolve("miner"))
            .withEndpoint("127.0.0.1", 0, "127.0.0.1:1")
            .withCapacityBytes(8 << 20)
            .withConfirmations(0)
            .withAsk(ask);
    node =
        MinerNode.start(
            config,
            new MinerPorts(q, q, market.operator.actions(), q, market.operator.events()),
            market.operatorKey,
            market.miner(),
            new TlsFolder(dir.resolve("miner")),
            new TestDisk());
    connection = connect(market.clientKey);
  }

  private MinerConnection connect(EthKey caller) {
    PeerRecord peer = new PeerRecord(market.miner(), "127.0.0.1:" + node.port(), tls.tlsKeyHash());
    MinerRecord record =
        new MinerRecord(
            peer,
            market.operatorKey.address(),
            TokenAmount.ZERO,
            true,
            false,
            DevMarket.PRICE_PER_LEAF,
            0);
    return new MinerConnection(record, market.client.terms().domain(), caller);
  }

  @AfterEach
  void stop() throws IOException {
    connection.close();
    node.close();
    market.close();
  }

  private void await(String what, BooleanSupplier condition) {
    Instant limit = Instant.now().plusSeconds(30);
    while (!condition.getAsBoolean()) {
      assertTrue(Instant.now().isBefore(limit), what + " did not happen; " + node.troubles());
      Thread.onSpinWait();
    }
  }

  private DealStage stage(DealId id) {
    return node.deals().find(id).orElseThrow().stage();
  }

  private String declined(SignedProposal proposal, SignedAsk ask) {
    return declined(connection, proposal, ask);
  }

  private static String declined(MinerConnection by, SignedProposal proposal, SignedAsk ask) {
    return assertThrows(PeerException.class, () -> by.propose(proposal, ask)).getMessage();
  }

  private DealProposal with(
      DealProposal p, TokenAmount price, TokenAmount collateral, long publishBy) {
    return new DealProposal(
        p.client(),
        p.miner(),
        p.auditor(),
        p.pieceRoot(),
        p.size(),
        1,
        p.periods(),
        price,
        collateral,
        new BlockNumber(publishBy),
        p.activateBy(),
        p.replaces(),
        p.salt());
  }

  @Test
  void proposals_are_declined_with_a_code_and_the_number_that_would_do() {
    SignedAsk ask = connection.ask();
    DealProposal p = market.proposal(market.data(500), 5);
    assertTrue(
        declined(
                market.sign(with(p, TokenAmount.of(1), p.collateral(), p.publishBy().value())), ask)
            .startsWith("PRICE"),
        "price");
    assertTrue(
        declined(market.sign(with(p, p.price(), TokenAmount.of(1), p.publishBy().value())), ask)
            .startsWith("COLLATERAL"),
        "collateral");
    assertTrue(
        declined(market.sign(with(p, p.price(), p.collateral(), market.head())), ask)
            .startsWith("PUBLISH_BY"),
        "publish by");
    assertTrue(
        declined(market.sign(market.proposal(market.data((1 << 20) + 1), 5)), ask)
            .startsWith("SIZE"),
        "size");
    assertTrue(
        declined(market.sign(market.proposal(market.data(500), 101)), ask).startsWith("PERIODS"),
        "periods");

    Ask old = ask.ask();
    Ask expired =
        new Ask(
            old.miner(),
            old.pricePerLeafPeriod(),
            old.collateralPerLeaf(),
            1,
            1 << 20,
            1,
            100,
            Instant.ofEpochSecond(Instant.now().getEpochSecond() - 1));
    assertTrue(
        declined(
                market.sign(p),
                new SignedAsk(
                    expired,
                    market.operatorKey.sign(Eip712.ask(market.client.terms().domain(), expired))))
            .startsWith("ASK_EXPIRED"));
    assertTrue(
        declined(
                market.sign(p),
                new SignedAsk(
                    old, market.clientKey.sign(Eip712.ask(market.client.terms().domain(), old))))
            .startsWith("UNKNOWN_ASK"));

    SigningDomain other = new SigningDomain(1, market.client.terms().domain().market());
    assertTrue(
        declined(new SignedProposal(p, market.clientKey.sign(Eip712.dealId(other, p).hash())), ask)
            .startsWith("BAD_SIGNATURE"),
        "another chain");

    EthKey poor = EthKey.generate();
    DealProposal unpaid =
        new DealProposal(
            poor.address(),
            p.miner(),
            poor.address(),
            p.pieceRoot(),
            p.size(),
            1,
            5,
            p.price(),
            p.collateral(),
            p.publishBy(),
            p.activateBy(),
            p.replaces(),
            p.salt());
    SignedProposal signed = new SignedProposal(unpaid, poor.sign(market.idOf(unpaid).hash()));
    assertTrue(declined(signed, ask).startsWith("NOT_CLIENT"), "another one's proposal");
    try (MinerConnection poors = connect(poor)) {
      String message = declined(poors, signed, ask);
      assertTrue(
          message.startsWith("CLIENT_ESCROW") && message.contains("acceptable at least"), message);
    }

    usableBytes = 1 << 20;
    assertTrue(declined(market.sign(p), ask).startsWith("DISK_FULL"), "disk");
    usableBytes = 1L << 40;
    assertEquals(0, connection.propose(market.sign(p), ask));
    assertEquals(0, connection.propose(market.sign(p), ask), "idempotent");
  }

  private UploadPieceResponse send(EthKey caller, DealId id, long offset, byte[] bytes)
      throws Exception {
    ManagedChannel channel =
        PeerChannels.open(
            new PeerRecord(market.miner(), "127.0.0.1:" + node.port(), tls.tlsKeyHash()));
    try {
      CompletableFuture<UploadPieceResponse> answer = new CompletableFuture<>();
      StreamObserver<UploadPieceRequest> stream =
          DealServiceGrpc.newStub(
                  ClientInterceptors.intercept(
                      channel,
                      new AuthClientInterceptor(
                          market.client.terms().domain(), caller, market.miner())))
              .withDeadlineAfter(20, TimeUnit.SECONDS)
              .uploadPiece(
                  new StreamObserver<>() {
                    @Override
                    public void onNext(UploadPieceResponse value) {
                      answer.complete(value);
                    }

                    @Override
                    public void onError(Throwable t) {
                      answer.completeExceptionally(t);
                    }

                    @Override
                    public void onCompleted() {}
                  });
      stream.onNext(
          UploadPieceRequest.newBuilder()
              .setHeader(UploadHeader.newBuilder().setDealId(Wire.bytes(id)).setOffset(offset))
              .build());
      stream.onNext(UploadPieceRequest.newBuilder().setChunk(ByteString.copyFrom(bytes)).build());
      stream.onCompleted();
      return answer.get(20, TimeUnit.SECONDS);
    } finally {
      channel.shutdownNow();
    }
  }

  private void upload(DealId id, byte[] data) throws IOException {
    Path file = Files.write(dir.resolve("upload.bin"), data);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      connection.upload(id, channel, data.length, sent -> {});
    }
  }

  @Test
  void truncated_wrong_foreign_and_oversized_uploads_lose_nothing_and_a_restart_resumes()
      throws Exception {
    byte[] data = market.data(300_000);
    DealProposal p = market.proposal(data, 5);
    DealId id = market.idOf(p);
    connection.propose(market.sign(p), connection.ask());

    assertEquals("NOT_CLIENT", send(market.ownerKey, id, 0, data).getRefused().getCode());
    assertEquals(
        "UNKNOWN_DEAL",
        send(market.clientKey, new DealId(io.granary.proofs.Hash32.ZERO), 0, data)
            .getRefused()
            .getCode());
    assertEquals(
        "TOO_MANY_BYTES", send(market.clientKey, id, 0, new byte[300_001]).getRefused().getCode());
    assertEquals(
        "WRONG_ROOT", send(market.clientKey, id, 0, new byte[300_000]).getRefused().getCode());

    UploadPieceResponse half =
        send(market.clientKey, id, 0, java.util.Arrays.copyOf(data, 100_000));
    assertEquals(100_000, half.getDone().getOffset());
    assertEquals(false, half.getDone().getComplete());
    var wrong = send(market.clientKey, id, 5, data).getRefused();
    assertEquals("WRONG_OFFSET", wrong.getCode());
    assertEquals("100000", wrong.getAcceptable());

    connection.close();
    node.close();
    sealFails = true;
    run();
    assertEquals(100_000, node.deals().find(id).map(d -> 100_000L).orElseThrow());
    upload(id, data);
    assertEquals(DealStage.UPLOADED, stage(id));
    await(
        "a failed sealing",
        () -> node.troubles().stream().anyMatch(t -> t.message().contains("No space left")));
    assertEquals(DealStage.UPLOADED, stage(id), "a full disk loses nothing");

    connection.close();
    node.close();
    sealFails = false;
    run();
    await("sealing", () -> stage(id).compareTo(DealStage.SEALED) >= 0);
    await("publication", () -> market.client.queries().deal(id).isPresent());
    ByteArrayOutputStream back = new ByteArrayOutputStream();
    connection.retrieve(
        id,
        p.pieceRoot(),
        p.size(),
        0,
        data.length,
        (at, bytes, offset, n) -> back.write(bytes, offset, n));
    assertArrayEquals(data, back.toByteArray());

    Path replica = dir.resolve("miner/replicas/" + id.hash().toHex() + ".replica");
    try (RandomAccessFile file = new RandomAccessFile(replica.toFile(), "rw")) {
      file.seek(1000);
      file.write(file.read() ^ 1);
    }
    PeerException damaged =
        assertThrows(
            PeerException.class,
            () ->
                connection.retrieve(
                    id, p.pieceRoot(), p.size(), 0, data.length, (at, bytes, offset, n) -> {}));
    assertTrue(damaged.getMessage().startsWith("DAMAGED"), damaged.getMessage());
  }

  private GranaryChain over(EthKey key, MinerStore store) {
    return GranaryChain.connect(
        new ChainConfig(
            RpcEndpoints.of(market.anvil.endpoint()),
            market.deployment.market(),
            market.deployment.block(),
            0,
            Duration.ofMillis(10),
            Duration.ofMillis(300),
            Duration.ofSeconds(20)),
        Optional.of(key),
        store.transactions(key.address()));
  }

  private TxResult update(GranaryChain operator, int price) {
    return operator
        .actions()
        .update(market.miner(), "127.0.0.1:1", tls.tlsKeyHash(), TokenAmount.of(price));
  }

  private long nonce(EthKey key) {
    Object count =
        market.anvil.ask("eth_getTransactionCount", List.of(key.address().toString(), "latest"));
    return Long.decode(count.toString());
  }

  /** The new key's nonces begin anew: the old one's would be gaps to fill, or waited for. */
  @Test
  void a_new_operator_does_not_take_up_what_the_old_one_had_under_way() throws Exception {
    EthKey next = EthKey.generate();
    market.anvil.ask("anvil_setBalance", List.of(next.address().toString(), "0x8ac7230489e80000"));
    MinerConfig other = MinerConfig.defaults(dir.resolve("rotated"));
    try (MinerStore store =
            MinerNode.openStore(other, market.client.terms().domain(), market.miner());
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      try (GranaryChain old = over(market.operatorKey, store)) {
        update(old, 7).orThrow();
        market.anvil.ask("evm_setAutomine", List.of(false));
        Future<TxResult> pending = threads.submit(() -> update(old, 8));
        await("it is in the journal", () -> !old.actions().underWay().isEmpty());
        pending.cancel(true);
      }
      market.anvil.ask("anvil_dropAllTransactions", List.of());
      market.anvil.ask("evm_setAutomine", List.of(true));
      market.owner.actions().setOperator(next.address()).orThrow();
      try (GranaryChain rotated = over(next, store)) {
        assertEquals(List.of(), rotated.actions().underWay());
        rotated.actions().finishBegun();
        assertEquals(0, nonce(next), "no nonce is filled for the old key's");
        update(rotated, 9).orThrow();
      }
      assertEquals(1, nonce(next));
      assertEquals(1, nonce(market.operatorKey), "nor is anything of the old key sent again");
      assertEquals(1, store.transactions(market.operatorKey.address()).open().size());
    }
  }

  /** Makes blocks, slowly enough for the node to act at each. */
  private void mineUntil(String what, BooleanSupplier condition) throws Exception {
    Instant limit = Instant.now().plusSeconds(90);
    while (!condition.getAsBoolean()) {
      assertTrue(Instant.now().isBefore(limit), what + " did not happen; " + node.troubles());
      market.anvil.mine(1);
      Thread.sleep(100);
      market.awaitProof(market.miner());
    }
  }

  private boolean renewed(DealProposal p, TokenAmount price) {
    try {
      connection.renew(market.extension(p, 3, price));
      return true;
    } catch (PeerException e) {
      // Between challenge and proof nothing can be extended: the client comes back.
      assertTrue(e.getMessage().startsWith("SET_FROZEN"), e.getMessage());
      return false;
    }
  }

  @Test
  void a_deal_is_renewed_and_proved_beyond_its_old_end_and_the_audit_agrees() throws Exception {
    byte[] data = market.data(3_000);
    DealProposal p = market.proposal(data, 3);
    DealId id = market.idOf(p);
    connection.propose(market.sign(p), connection.ask());
    upload(id, data);
    mineUntil("activation", () -> stage(id) == DealStage.ACTIVE);
    var q = market.client.queries();
    Period oldEnd = q.deal(id).orElseThrow().end();
    TokenAmount price = Pricing.price(DevMarket.PRICE_PER_LEAF, p.size(), 1);
    PeerException cheap =
        assertThrows(
            PeerException.class,
            () -> connection.renew(market.extension(p, 3, TokenAmount.of(1_000_000))));
    assertTrue(cheap.getMessage().startsWith("PRICE"), cheap.getMessage());
    mineUntil("renewal", () -> renewed(p, price));
    assertEquals(oldEnd.plus(3), q.deal(id).orElseThrow().end());
    mineUntil("a proof beyond the old end", () -> q.isProved(market.miner(), oldEnd.next()));
    assertEquals(oldEnd.plus(3), node.deals().find(id).orElseThrow().end());
    mineUntil("completion", () -> q.deal(id).orElseThrow().state() == DealState.COMPLETED);
    var report = new ChainAudit(q, q, q).run();
    assertTrue(report.ok(), () -> report.firstFinding().toString());
    assertEquals(0, report.totals().periodsMissed());
  }

  @Test
  void in_a_market_of_randao_seeds_a_deal_is_sealed_proved_and_paid_and_the_audit_agrees()
      throws Exception {
    stop();
    dir = Files.createDirectory(dir.resolve("randao"));
    start(SeedKind.RANDAO);
    byte[] data = market.data(3_000);
    DealProposal p = market.proposal(data, 3);
    DealId id = market.idOf(p);
    connection.propose(market.sign(p), connection.ask());
    upload(id, data);
    var q = market.client.queries();
    mineUntil(
        "completion", () -> q.deal(id).filter(d -> d.state() == DealState.COMPLETED).isPresent());
    assertEquals(3, q.deal(id).orElseThrow().proved());
    var report = new ChainAudit(q, q, q).run();
    assertTrue(report.ok(), () -> report.firstFinding().toString());
    assertEquals(3, report.totals().periodsProved());
    assertTrue(report.totals().openings() >= 15 && report.totals().sealOpenings() == 2);
  }

  private boolean ended(Supplier<TxResult> send) {
    TxResult result = send.get();
    if (result instanceof TxResult.Refused refused) {
      assertEquals("SetFrozenUntil", refused.error());
      return false;
    }
    return true;
  }

  @Test
  void deals_end_early_with_notice_and_at_once_and_the_audit_agrees() throws Exception {
    List<DealProposal> proposals = new ArrayList<>();
    for (int size : new int[] {3_000, 1_000}) {
      byte[] data = market.data(size);
      DealProposal p = market.proposal(data, 30);
      proposals.add(p);
      connection.propose(market.sign(p), connection.ask());
      upload(market.idOf(p), data);
    }
    DealId left = market.idOf(proposals.getFirst());
    DealId agreed = market.idOf(proposals.getLast());
    mineUntil(
        "activation", () -> stage(left) == DealStage.ACTIVE && stage(agreed) == DealStage.ACTIVE);
    var q = market.client.queries();
    Period oldEnd = q.deal(left).orElseThrow().end();
    mineUntil("notice", () -> ended(() -> market.client.actions().giveNotice(left)));
    Period end = q.deal(left).orElseThrow().end();
    assertTrue(end.compareTo(oldEnd) < 0);
    mineUntil(
        "consent",
        () ->
            ended(
                () -> market.owner.actions().endEarly(market.earlyEnd(proposals.getLast(), true))));
    assertEquals(DealState.COMPLETED, q.deal(agreed).orElseThrow().state());
    mineUntil("completion", () -> q.deal(left).orElseThrow().state() == DealState.COMPLETED);
    assertEquals(end, q.deal(left).orElseThrow().cursor());
    mineUntil(
        "deletion",
        () ->
            node.deals().find(left).orElseThrow().dataDeleted()
                && node.deals().find(agreed).orElseThrow().dataDeleted());
    var report = new ChainAudit(q, q, q).run();
    assertTrue(report.ok(), () -> report.firstFinding().toString());
    assertEquals(0, report.totals().periodsMissed());
  }

  @Test
  void a_demand_is_answered_and_one_for_lost_data_costs_the_deal_and_the_audit_agrees()
      throws Exception {
    byte[] data = market.data(3_000);
    DealProposal p = market.proposal(data, 60);
    DealId id = market.idOf(p);
    connection.propose(market.sign(p), connection.ask());
    upload(id, data);
    mineUntil("activation", () -> stage(id) == DealStage.ACTIVE);
    var q = market.client.queries();
    BigInteger bond = q.leastBond().multiply(BigInteger.TWO);
    market.client.actions().demand(p, new LeafIndex(11), bond).orThrow();
    await("the answer", () -> q.demands(List.of(id)).isEmpty());
    assertEquals(bond, q.etherOf(market.miner()));
    market.owner.actions().withdrawEther().orThrow();

    try (RandomAccessFile replica =
        new RandomAccessFile(
            dir.resolve("miner/replicas").resolve(id.hash().toHex() + ".replica").toFile(), "rw")) {
      replica.seek(20 * 32);
      replica.write(new byte[32]);
    }
    market.client.actions().demand(p, new LeafIndex(20), bond).orThrow();
    await("the damage", () -> node.troubles().stream().anyMatch(t -> t.event().equals("damaged")));
    BlockNumber deadline = q.demands(List.of(id)).getFirst().deadline();
    while (market.head() < deadline.value()) {
      market.anvil.mine(1);
    }
    market.client.actions().resolveDemand(p, false).orThrow();
    assertEquals(DealState.TERMINATED, q.deal(id).orElseThrow().state());
    assertEquals(bond, q.etherOf(market.clientKey.address()));
    mineUntil("deletion", () -> node.deals().find(id).orElseThrow().dataDeleted());
    var report = new ChainAudit(q, q, q).run();
    assertTrue(report.ok(), () -> report.firstFinding().toString());
  }

  @Test
  void capacity_is_counted_and_a_second_node_on_the_same_store_is_refused() throws Exception {
    SignedAsk ask = connection.ask();
    for (int i = 0; i < 3; i++) {
      connection.propose(market.sign(market.proposal(market.data(1 << 20), 5)), ask);
    }
    assertTrue(
        declined(market.sign(market.proposal(market.data(1 << 20), 5)), ask)
            .startsWith("CAPACITY"));
    var q = market.operator.queries();
    RuntimeException e =
        assertThrows(
            RuntimeException.class,
            () ->
                MinerNode.start(
                    MinerConfig.defaults(dir.resolve("miner"))
                        .withEndpoint("127.0.0.1", 0, "127.0.0.1:1"),
                    new MinerPorts(q, q, market.operator.actions(), q, market.operator.events()),
                    market.operatorKey,
                    market.miner(),
                    new TlsFolder(dir.resolve("miner"))));
    assertTrue(e.getMessage().contains("db"), e.getMessage());
  }
}
