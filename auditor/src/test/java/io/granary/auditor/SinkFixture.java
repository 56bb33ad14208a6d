package io.granary.auditor;

import io.granary.auditor.grpc.AuditGrpc;
import io.granary.auditor.storage.AuditStore;
import io.granary.auditor.storage.WatchedDeal;
import io.granary.auditor.storage.rocksdb.RocksAuditStore;
import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.proofs.challenge.Positions;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.seal.Replica;
import io.granary.proofs.seal.ReplicaFiles;
import io.granary.proofs.seal.SealedPiece;
import io.granary.proofs.seal.Sealer;
import io.granary.protocol.chain.MarketReader;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.chain.MinerDirectory;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.PeriodProof;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.grpc.CallAuth;
import io.granary.protocol.grpc.NodeServer;
import io.granary.protocol.grpc.PeerChannels;
import io.granary.protocol.grpc.Quota;
import io.granary.protocol.grpc.TlsIdentity;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** An auditor's service over real TLS, two sealed deals that it watches, and the chain it asks. */
class SinkFixture {
  static final Address AUDITOR = Address.parse("0x" + "0a".repeat(20));
  static final Address CLIENT = Address.parse("0x" + "0c".repeat(20));
  static final Address MINER = Address.parse("0x" + "05".repeat(20));
  static final DealId DEAL = new DealId(Sha256.hash(new byte[] {1}));
  static final DealId OTHER = new DealId(Sha256.hash(new byte[] {2}));
  static final Period PERIOD = new Period(5);
  static final SigningDomain DOMAIN =
      new SigningDomain(31_337, Address.parse("0x" + "ab".repeat(20)));
  static final MarketTerms TERMS =
      new MarketTerms(
          DOMAIN,
          AUDITOR,
          AUDITOR,
          AUDITOR,
          20,
          8,
          5,
          2,
          3,
          2,
          5,
          6,
          1000,
          200,
          10_000,
          100,
          1000,
          TokenAmount.of(1),
          TokenAmount.of(1),
          TokenAmount.of(1),
          2,
          3,
          12,
          8,
          1,
          200_000,
          4,
          10_000);

  Path dir;
  final EthKey operator = EthKey.generate();
  final Map<Period, Hash32> seeds = new HashMap<>();
  final Map<DealId, Replica> replicas = new HashMap<>();
  final Map<DealId, WatchedDeal> deals = new HashMap<>();
  final List<DisputeEvidence> wrongSeals = new ArrayList<>();
  AuditStore store;
  NodeServer server;
  ManagedChannel channel;

  void begin(Path home) throws IOException {
    dir = home;
    for (int p = 3; p <= 6; p++) {
      seeds.put(new Period(p), Sha256.hash(new byte[] {(byte) p}));
    }
    seal(DEAL, 127 * 30 + 5);
    seal(OTHER, 127 * 30 + 5);
    store = RocksAuditStore.open(dir.resolve("db"));
    store.watch(List.copyOf(deals.values()), new BlockNumber(1));
    TlsIdentity tls = TlsIdentity.loadOrCreate(dir);
    server =
        NodeServer.start(
            new InetSocketAddress("127.0.0.1", 0),
            tls,
            new CallAuth(DOMAIN, AUDITOR, Clock.systemUTC()),
            new Quota(1_000_000, 32),
            List.of(
                new AuditGrpc(
                    new ProofCheck(
                        reader(), directory(), store, Clock.systemUTC(), wrongSeals::add),
                    store)));
    channel =
        PeerChannels.open(new PeerRecord(AUDITOR, "127.0.0.1:" + server.port(), tls.tlsKeyHash()));
  }

  void end() throws IOException {
    channel.shutdownNow();
    server.close();
    store.close();
    for (Replica replica : replicas.values()) {
      replica.close();
    }
  }

  void seal(DealId id, int bytes) throws IOException {
    byte[] raw = new byte[bytes];
    new Random(id.hashCode()).nextBytes(raw);
    Path home = Files.createDirectories(dir.resolve(id.hash().toHex()));
    ReplicaFiles files = new ReplicaFiles(home.resolve("r"), home.resolve("s"), home.resolve("p"));
    RawSize size = new RawSize(bytes);
    SealedPiece sealed =
        new Sealer(id.hash(), 1, size)
            .seal(
                (at, target, n) -> System.arraycopy(raw, (int) at, target, 0, n),
                files,
                1,
                done -> {});
    replicas.put(id, Replica.open(id.hash(), 1, size, files));
    DealProposal terms =
        new DealProposal(
            CLIENT,
            MINER,
            AUDITOR,
            sealed.pieceRoot(),
            size,
            1,
            4,
            TokenAmount.of(10),
            TokenAmount.of(10),
            new BlockNumber(1),
            new BlockNumber(50),
            Hash32.ZERO,
            Hash32.ZERO);
    deals.put(id, new WatchedDeal(id, terms, sealed.sealedRoot()));
  }

  /** The chain as far as the check asks it: periods 3 to 6 of both deals, seeds up to 6. */
  MarketReader reader() {
    return (MarketReader)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {MarketReader.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "terms" -> TERMS;
                  case "deal" -> Optional.of(snapshot((DealId) args[0]));
                  case "periodSeed" -> Optional.ofNullable(seeds.get((Period) args[1]));
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  static DealSnapshot snapshot(DealId id) {
    return new DealSnapshot(
        id,
        DealState.ACTIVE,
        CLIENT,
        MINER,
        TokenAmount.of(10),
        TokenAmount.of(10),
        5,
        new Period(3),
        new Period(8),
        new Period(3),
        0,
        0,
        0,
        new BlockNumber(50),
        new BlockNumber(3),
        Hash32.ZERO,
        false,
        false,
        new Period(0));
  }

  MinerDirectory directory() {
    MinerRecord miner =
        new MinerRecord(
            new PeerRecord(MINER, "127.0.0.1:1", Hash32.ZERO),
            operator.address(),
            TokenAmount.ZERO,
            true,
            false,
            TokenAmount.of(1),
            1);
    return new MinerDirectory() {
      @Override
      public List<MinerRecord> miners() {
        return List.of(miner);
      }

      @Override
      public Optional<MinerRecord> miner(Address id) {
        return id.equals(MINER) ? Optional.of(miner) : Optional.empty();
      }

      @Override
      public Optional<PeerRecord> auditor(Address id) {
        return Optional.empty();
      }
    };
  }

  PeriodProof proof(DealId id, Period period, Hash32 seed) throws IOException {
    List<DualOpening> openings = new ArrayList<>();
    for (long leaf : Positions.audit(seed, id.hash(), deals.get(id).terms().size().leafCount())) {
      openings.add(replicas.get(id).openBoth(leaf));
    }
    return new PeriodProof(id, period, seed, openings);
  }

  PeriodProof honest() throws IOException {
    return proof(DEAL, PERIOD, seeds.get(PERIOD));
  }

  static SignedPeriodProof sign(PeriodProof proof, EthKey key) {
    return new SignedPeriodProof(proof, key.sign(Eip712.periodProof(DOMAIN, proof)));
  }
}
