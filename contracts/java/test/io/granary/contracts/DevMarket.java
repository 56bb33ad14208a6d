package io.granary.contracts;

import io.granary.contracts.deploy.Deployment;
import io.granary.contracts.deploy.MarketDeployer;
import io.granary.contracts.deploy.MarketParameters;
import io.granary.contracts.devnet.Anvil;
import io.granary.contracts.devnet.Faucet;
import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.proofs.challenge.Positions;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.piece.PieceCommitment;
import io.granary.proofs.piece.PieceHasher;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.seal.Replica;
import io.granary.proofs.seal.ReplicaFiles;
import io.granary.proofs.seal.SealedPiece;
import io.granary.proofs.seal.Sealer;
import io.granary.protocol.chain.DrawnLeaf;
import io.granary.protocol.chain.MinerMarket;
import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.EarlyEnd;
import io.granary.protocol.deal.Extension;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.deal.SignedEarlyEnd;
import io.granary.protocol.deal.SignedExtension;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.DealKey;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A market on a fresh local chain with one client and one miner, and real replicas on disk. */
public final class DevMarket implements AutoCloseable {
  public static final TokenAmount PRICE_PER_LEAF = TokenAmount.of(1_000_000_000L);

  public final Anvil anvil;
  public final Deployment deployment;
  public final EthKey clientKey;
  public final EthKey ownerKey;
  public final EthKey operatorKey;
  public final GranaryChain client;
  public final GranaryChain owner;
  public final GranaryChain operator;
  public final Map<DealKey, Replica> replicas = new HashMap<>();
  private final Path dir;
  private int salt;

  public DevMarket(Path dir) throws IOException {
    this(dir, SeedKind.BLOCK_HASH);
  }

  public DevMarket(Path dir, SeedKind seeds) throws IOException {
    this(dir, seeds, System.nanoTime());
  }

  /** A market whose keys, and with them the periods of its miner, follow from a seed. */
  public DevMarket(Path dir, SeedKind seeds, long seed) throws IOException {
    this.dir = dir;
    clientKey = key(seed, "client");
    ownerKey = key(seed, "owner");
    operatorKey = key(seed, "operator");
    anvil =
        Anvil.start(
            Anvil.binary(Path.of("..").toAbsolutePath().normalize()),
            0,
            new Anvil.Mining.Instant(),
            dir.resolve("anvil.log"));
    anvil.mine(64);
    try (MarketDeployer deployer =
        new MarketDeployer(anvil.endpoint(), Anvil.richKey(), Duration.ofMillis(10))) {
      deployment = deployer.deploy(MarketParameters.devnet(), seeds, Optional.empty());
    }
    try (Faucet faucet = new Faucet(anvil.endpoint(), deployment.token())) {
      faucet.give(clientKey.address(), 10, TokenAmount.parseTokens("1000"));
      faucet.give(ownerKey.address(), 10, TokenAmount.parseTokens("1000"));
      faucet.give(operatorKey.address(), 10, TokenAmount.ZERO);
    }
    client = connect(clientKey);
    owner = connect(ownerKey);
    operator = connect(operatorKey);
    owner
        .actions()
        .register(
            operatorKey.address(),
            TokenAmount.parseTokens("100"),
            "127.0.0.1:4000",
            Sha256.hash(new byte[1]),
            PRICE_PER_LEAF)
        .orThrow();
    owner.actions().deposit(TokenAmount.parseTokens("500")).orThrow();
    client.actions().deposit(TokenAmount.parseTokens("500")).orThrow();
  }

  /** The same key for the same seed and name. */
  public static EthKey key(long seed, String name) {
    return EthKey.of(
        Sha256.hash((seed + name).getBytes(java.nio.charset.StandardCharsets.UTF_8)).bytes());
  }

  public GranaryChain connect(EthKey key) {
    ChainConfig c = deployment.config().forDevnet();
    return GranaryChain.connect(
        new ChainConfig(
            c.rpc(),
            c.market(),
            c.deployedAt(),
            0,
            Duration.ofMillis(10),
            Duration.ofMillis(500),
            Duration.ofSeconds(20)),
        Optional.of(key));
  }

  public Address miner() {
    return ownerKey.address();
  }

  public long head() {
    return client.queries().head().number().value();
  }

  public byte[] data(int size) {
    byte[] data = new byte[size];
    new java.util.Random(size).nextBytes(data);
    return data;
  }

  public DealProposal proposal(byte[] data, long periods) {
    PieceHasher hasher = new PieceHasher();
    hasher.update(data, 0, data.length);
    return proposal(hasher.finish(), periods);
  }

  public DealProposal proposal(PieceCommitment piece, long periods) {
    RawSize size = piece.size();
    TokenAmount price = Pricing.price(PRICE_PER_LEAF, size, periods);
    return new DealProposal(
        clientKey.address(),
        miner(),
        clientKey.address(),
        piece.root(),
        size,
        1,
        periods,
        price,
        Pricing.collateral(client.terms(), TokenAmount.of(3_000_000_000L), price, size, periods),
        new BlockNumber(head() + 40),
        new BlockNumber(head() + 100),
        Hash32.ZERO,
        Sha256.hash(java.nio.ByteBuffer.allocate(4).putInt(++salt).array()));
  }

  public DealId idOf(DealProposal p) {
    return Eip712.dealId(client.terms().domain(), p);
  }

  public SignedProposal sign(DealProposal p) {
    return new SignedProposal(p, clientKey.sign(idOf(p).hash()));
  }

  /** So many periods more at a price, with the least collateral for it, signed by the client. */
  public SignedExtension extension(DealProposal p, long more, TokenAmount pricePerPeriod) {
    DealId id = idOf(p);
    Period end = client.queries().deal(id).orElseThrow().end();
    Extension e =
        new Extension(
            id,
            end,
            end.plus(more),
            pricePerPeriod,
            Pricing.leastCollateral(client.terms(), pricePerPeriod, p.size(), 1),
            new BlockNumber(head() + 100));
    return new SignedExtension(e, clientKey.sign(Eip712.extension(client.terms().domain(), e)));
  }

  /** A notice, or a consent to an end at once, signed by the client. */
  public SignedEarlyEnd earlyEnd(DealProposal p, boolean immediate) {
    EarlyEnd e = new EarlyEnd(idOf(p), immediate, new BlockNumber(head() + 100));
    return new SignedEarlyEnd(e, clientKey.sign(Eip712.earlyEnd(client.terms().domain(), e)));
  }

  public SealedPiece seal(DealProposal p, byte[] data) throws IOException {
    String name = idOf(p).hash().toHex().substring(0, 12);
    SealedPiece sealed = seal(p, data, name);
    replicas.put(DealKey.of(idOf(p)), open(p, name));
    return sealed;
  }

  private Replica open(DealProposal p, String name) throws IOException {
    return Replica.open(idOf(p).hash(), 1, p.size(), files(name));
  }

  private ReplicaFiles files(String name) {
    return new ReplicaFiles(
        dir.resolve(name + ".r"), dir.resolve(name + ".s"), dir.resolve(name + ".p"));
  }

  private SealedPiece seal(DealProposal p, byte[] data, String name) throws IOException {
    return new Sealer(idOf(p).hash(), 1, p.size())
        .seal(
            (at, target, n) -> System.arraycopy(data, (int) at, target, 0, n),
            files(name),
            2,
            done -> {});
  }

  /** An active deal of whose replica the leaves of one group are not the piece's. */
  public DealProposal badlySealedDeal(byte[] data, long periods, long leaf) throws IOException {
    while (true) {
      DealProposal p = proposal(data, periods);
      String name = idOf(p).hash().toHex().substring(0, 12);
      seal(p, data, name + "-piece");
      byte[] other = data.clone();
      other[(int) (leaf / 4 * 127)] ^= 1;
      SealedPiece sealed = seal(p, other, name);
      try (Replica piece = open(p, name + "-piece");
          Replica wrong = open(p, name)) {
        operator
            .actions()
            .publish(List.of(new MinerMarket.Publication(sign(p), sealed.sealedRoot())))
            .tx()
            .orThrow();
        leaveFreeze();
        Hash32 seed =
            client
                .queries()
                .sealSeed(idOf(p), client.queries().deal(idOf(p)).orElseThrow().sealBlock())
                .orElseThrow();
        java.util.List<DualOpening> openings = new java.util.ArrayList<>();
        for (long at :
            Positions.seal(seed, client.terms().sealChallenges(), p.size().leafCount())) {
          openings.add(
              new DualOpening(at, piece.openBoth(at).piece(), wrong.openBoth(at).sealed()));
        }
        var activated =
            operator
                .actions()
                .activate(List.of(new MinerMarket.Activation(p, DualOpening.pack(openings))));
        if (activated.items().getFirst().ok()) {
          replicas.put(DealKey.of(idOf(p)), open(p, name));
          return p;
        }
        // The draw has hit the wrong leaf, which is what it is for; the next deal may slip through.
      }
    }
  }

  /** A leaf of a deal made by {@link #badlySealedDeal}: from the piece, and from the replica. */
  public byte[] torn(DealProposal p, long leaf) throws IOException {
    String name = idOf(p).hash().toHex().substring(0, 12);
    try (Replica piece = open(p, name + "-piece");
        Replica wrong = open(p, name)) {
      return DualOpening.pack(
          List.of(
              new DualOpening(leaf, piece.openBoth(leaf).piece(), wrong.openBoth(leaf).sealed())));
    }
  }

  /** The answer to a demand on a deal that is sealed right. */
  public MinerMarket.Answer answer(DealProposal p, boolean byAuditor, long leaf)
      throws IOException {
    Replica replica = replicas.get(DealKey.of(idOf(p)));
    return new MinerMarket.Answer(p, byAuditor, DualOpening.pack(List.of(replica.openBoth(leaf))));
  }

  /** A deal that is active. */
  public DealProposal activeDeal(byte[] data, long periods) throws IOException {
    DealProposal p = proposal(data, periods);
    SealedPiece sealed = seal(p, data);
    var published =
        operator
            .actions()
            .publish(List.of(new MinerMarket.Publication(sign(p), sealed.sealedRoot())));
    if (!published.items().getFirst().ok()) {
      throw new AssertionError("not published: " + published);
    }
    leaveFreeze();
    var activated = operator.actions().activate(List.of(activation(p)));
    if (!activated.items().getFirst().ok()) {
      throw new AssertionError("not activated: " + activated);
    }
    return p;
  }

  public MinerMarket.Activation activation(DealProposal p) throws IOException {
    DealId id = idOf(p);
    var snapshot = client.queries().deal(id).orElseThrow();
    return activation(p, client.queries().sealSeed(id, snapshot.sealBlock()).orElseThrow());
  }

  /** What recovers a faulty deal in the next block. */
  public MinerMarket.Activation recovery(DealProposal p) throws IOException {
    Period drawnBy = new Period(client.queries().clock(miner()).nextDuty(head() + 1) - 1);
    return activation(p, client.queries().recoverySeed(idOf(p), miner(), drawnBy).orElseThrow());
  }

  private MinerMarket.Activation activation(DealProposal p, Hash32 seed) throws IOException {
    Replica replica = replicas.get(DealKey.of(idOf(p)));
    java.util.List<DualOpening> openings = new java.util.ArrayList<>();
    for (long leaf : Positions.seal(seed, client.terms().sealChallenges(), p.size().leafCount())) {
      openings.add(replica.openBoth(leaf));
    }
    return new MinerMarket.Activation(p, DualOpening.pack(openings));
  }

  /** Mines until a deal's seal seed is fixed and, if need be, out of a freeze. */
  public void leaveFreeze() {
    anvil.mine(client.terms().sealDelay());
    mineLookahead();
    while (client.queries().isFrozen(miner())) {
      anvil.mine(1);
    }
  }

  public Period currentPeriod() {
    return new Period(client.queries().clock(miner()).periodAt(head() + 1));
  }

  /** Mines until the next transaction lies in the window of a period. */
  public void mineToWindow(Period period) {
    long target = client.queries().clock(miner()).challengeBlock(period.index());
    if (head() < target) {
      anvil.mine((int) (target - head()));
    }
  }

  /** Mines until the draw of a period is known and can be proved. */
  public void mineToDraw(Period period) {
    mineToWindow(period);
    mineLookahead();
  }

  private void mineLookahead() {
    if (client.seedKind() == SeedKind.RANDAO) {
      anvil.mine(MarketParameters.devnet().seedLookahead());
    }
  }

  /** Mines until a period is over. */
  public void minePast(Period period) {
    long target = client.queries().clock(miner()).periodEnd(period.index()) - 1;
    if (head() < target) {
      anvil.mine((int) (target - head()));
    }
  }

  public byte[] openings(Period period) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (DrawnLeaf drawn : client.queries().drawnLeaves(miner(), period)) {
      out.writeBytes(replicas.get(drawn.deal()).openSealed(drawn.leaf().value()).packed());
    }
    return out.toByteArray();
  }

  /**
   * Waits up to two seconds for a proof that may go into the next block: a slow machine needs them.
   */
  public void awaitProof(Address miner) throws InterruptedException {
    ChainQueries q = client.queries();
    long next = q.head().number().value() + 1;
    PeriodClock clock = q.clock(miner);
    Period period = new Period(clock.periodAt(next));
    Instant limit = Instant.now().plusSeconds(2);
    while (clock.inWindow(period.index(), next)
        && q.setWeight(miner) > 0
        && !q.isProved(miner, period)
        && Instant.now().isBefore(limit)) {
      Thread.sleep(20);
    }
  }

  /** Whether what was signed last for a nonce has arrived at the chain, mined or not. */
  boolean knowsNewest(TransactionJournal.Entry entry) {
    String hash = entry.signed().getLast().hash().toString();
    return anvil.ask("eth_getTransactionByHash", List.of(hash)) instanceof Map;
  }

  @Override
  public void close() throws IOException {
    for (Replica replica : replicas.values()) {
      replica.close();
    }
    client.close();
    owner.close();
    operator.close();
    anvil.close();
  }
}
