package io.granary.miner;

import io.granary.miner.testing.FaultyDisk;
import io.granary.miner.testing.ModelChain;
import io.granary.miner.testing.ModelMarket;
import io.granary.miner.testing.Renter;
import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.grpc.Quota;
import io.granary.protocol.grpc.TlsFolder;
import io.granary.protocol.grpc.TlsIdentity;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** A miner in a temporary home, with the model chain under it and a renter in front. */
final class MinerFixture implements AutoCloseable {
  static final long RICH = 1L << 60;
  private static final AtomicLong SALT = new AtomicLong();

  final EthKey operator = EthKey.of(Sha256.hash(new byte[] {1}).bytes());
  final EthKey clientKey = EthKey.of(Sha256.hash(new byte[] {2}).bytes());
  final Address miner = EthKey.of(Sha256.hash(new byte[] {3}).bytes()).address();
  final ModelChain chain = new ModelChain(miner);
  final ModelMarket market = new ModelMarket(chain);
  final FaultyDisk disk = new FaultyDisk();
  final TlsIdentity tls;
  private final Path root;
  private int incarnation;
  private Path home;
  private MinerConfig config;
  private Optional<MinerNode> node = Optional.empty();
  private Optional<Renter> renter = Optional.empty();

  MinerFixture(Path root) throws IOException {
    this.root = root;
    this.home = root.resolve("home-0");
    Files.createDirectories(home);
    this.tls = TlsIdentity.loadOrCreate(root.resolve("tls"));
    AskPolicy d = AskPolicy.defaults();
    Tuning t = Tuning.defaults();
    this.config =
        MinerConfig.defaults(home)
            .withEndpoint("127.0.0.1", 0, "127.0.0.1:1")
            .withCapacityBytes(1L << 30)
            .withConfirmations(1)
            // What a node ends before it stops is DrainTest's.
            .withDrain(Duration.ZERO)
            // Tests call as often as they can; quotas are QuotaWireTest's.
            .withQuota(new Quota(1_000_000, 10_000))
            // A node that declares what it has lost by itself is ScrubTest's.
            .withCare(new CarePolicy(0, false))
            .withAsk(
                new AskPolicy(
                    TokenAmount.of(10), TokenAmount.of(50), 1, 1L << 28, 1, 500, d.validity()))
            .withTuning(
                new Tuning(
                    Duration.ofMillis(3),
                    Duration.ofMillis(50),
                    2,
                    t.keepProofPeriods(),
                    0,
                    BigInteger.ONE,
                    1,
                    t.publishRoomBlocks(),
                    10,
                    t.maxUploads(),
                    t.maxIdleBlocks()));
    chain.fund(miner, RICH, 0);
    chain.fund(clientKey.address(), RICH, 0);
  }

  MinerFixture with(java.util.function.UnaryOperator<MinerConfig> change) {
    config = change.apply(config);
    return this;
  }

  MinerFixture start() throws IOException {
    chain.register(
        new PeerRecord(miner, config.advertisedEndpoint(), tls.tlsKeyHash()),
        operator.address(),
        true);
    MinerNode started =
        MinerNode.start(
            config,
            new MinerPorts(chain, chain, market, chain, chain),
            operator,
            miner,
            tlsFolder(),
            disk);
    node = Optional.of(started);
    renter = Optional.of(new Renter(peer(), clientKey));
    return this;
  }

  PeerRecord peer() {
    return new PeerRecord(miner, "127.0.0.1:" + node().port(), tls.tlsKeyHash());
  }

  TlsFolder tlsFolder() {
    return new TlsFolder(root.resolve("tls"));
  }

  MinerNode node() {
    return node.orElseThrow();
  }

  Renter renter() {
    return renter.orElseThrow();
  }

  Path home() {
    return home;
  }

  MinerConfig config() {
    return config;
  }

  Path replica(DealId id) {
    return home.resolve("replicas").resolve(id.hash().toHex() + ".replica");
  }

  Path part(DealId id) {
    return home.resolve("uploads").resolve(id.hash().toHex() + ".part");
  }

  boolean hadTrouble(String event) {
    return node().troubles().stream().anyMatch(t -> t.event().equals(event));
  }

  /** Terms that the miner takes. */
  DealProposal terms(byte[] piece, long periods) {
    return terms(Renter.root(piece), piece.length, periods);
  }

  DealProposal terms(Hash32 pieceRoot, long bytes, long periods) {
    RawSize size = new RawSize(bytes);
    TokenAmount price = Pricing.price(config.ask().pricePerLeafPeriod(), size, periods);
    long head = chain.head().number().value();
    return new DealProposal(
        clientKey.address(),
        miner,
        clientKey.address(),
        pieceRoot,
        size,
        1,
        periods,
        price,
        Pricing.collateral(chain.terms(), config.ask().collateralPerLeaf(), price, size, periods),
        new BlockNumber(head + 500),
        new BlockNumber(head + 600),
        Hash32.ZERO,
        Sha256.hash(ByteBuffer.allocate(8).putLong(SALT.incrementAndGet()).array()));
  }

  /** The same terms for a deal that replaces another one. */
  static DealProposal replacing(DealProposal p, DealId old) {
    return new DealProposal(
        p.client(),
        p.miner(),
        p.auditor(),
        p.pieceRoot(),
        p.size(),
        p.sealProfile(),
        p.periods(),
        p.price(),
        p.collateral(),
        p.publishBy(),
        p.activateBy(),
        old.hash(),
        p.salt());
  }

  /** Agrees, uploads, and waits until the deal is active on chain. */
  DealId activeDeal(byte[] piece, long periods) {
    return activeDeal(piece, terms(piece, periods));
  }

  DealId activeDeal(byte[] piece, DealProposal terms) {
    DealId id = renter().agree(terms);
    renter().upload(id, piece, 0, piece.length);
    chain.mineUntil(
        "active",
        () ->
            chain.state(id) == io.granary.protocol.deal.DealState.ACTIVE
                && renter().stage(id) == io.granary.v1.DealStage.DEAL_STAGE_ACTIVE);
    return id;
  }

  /** The power goes: a new node starts from what was on disk at that moment. */
  void crashAndRestart() throws IOException {
    Path next = root.resolve("home-" + ++incarnation);
    copy(home, next);
    close();
    home = next;
    config = config.withHome(next);
    start();
  }

  /** A copy of the store as it is now. */
  Path backUpStore() throws IOException {
    Path backup = root.resolve("backup-" + ++incarnation);
    copy(home.resolve("db"), backup);
    return backup;
  }

  /** A new node on the files there are and an older store, or none when it is empty. */
  void restartWithStore(Optional<Path> store) throws IOException {
    close();
    delete(home.resolve("db"));
    if (store.isPresent()) {
      copy(store.get(), home.resolve("db"));
    }
    start();
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** Of a folder in which the node goes on: what it removes meanwhile is left out. */
  private static void copy(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes)
              throws IOException {
            Files.createDirectories(to.resolve(from.relativize(dir).toString()));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (attributes.isRegularFile() && !file.endsWith("LOCK")) {
              try {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
              } catch (NoSuchFileException gone) {
                return FileVisitResult.CONTINUE;
              }
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw e;
          }
        });
  }

  @Override
  public void close() {
    disk.releaseSealing();
    renter.ifPresent(Renter::close);
    node.ifPresent(MinerNode::close);
    renter = Optional.empty();
    node = Optional.empty();
  }
}
