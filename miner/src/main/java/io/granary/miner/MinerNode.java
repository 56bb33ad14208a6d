package io.granary.miner;

import io.granary.miner.admin.AdminCommands;
import io.granary.miner.admin.AdminServer;
import io.granary.miner.engine.Intake;
import io.granary.miner.engine.MinerEngine;
import io.granary.miner.engine.Renewals;
import io.granary.miner.engine.TlsRotation;
import io.granary.miner.engine.Uploads;
import io.granary.miner.grpc.DealGrpc;
import io.granary.miner.grpc.ProofGrpc;
import io.granary.miner.grpc.RetrievalGrpc;
import io.granary.miner.grpc.TracedCalls;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.ops.Health;
import io.granary.miner.ops.MinerMetrics;
import io.granary.miner.ops.OpsServer;
import io.granary.miner.ops.Traces;
import io.granary.miner.ops.Webhook;
import io.granary.miner.replica.Disk;
import io.granary.miner.replica.LocalDisk;
import io.granary.miner.replica.ReplicaReader;
import io.granary.miner.replica.Shelf;
import io.granary.miner.replica.TreeMender;
import io.granary.miner.sealing.SealingRoom;
import io.granary.miner.storage.DealBook;
import io.granary.miner.storage.MinerStore;
import io.granary.miner.storage.rocksdb.RocksMinerStore;
import io.granary.proofs.hash.HashEngine;
import io.granary.protocol.chain.TxCost;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.grpc.CallAuth;
import io.granary.protocol.grpc.NodeServer;
import io.granary.protocol.grpc.TlsFolder;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.grpc.BindableService;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/** A miner: the store, the services and the engine, started and stopped together. */
public final class MinerNode implements AutoCloseable {
  /** What runs in it and can be waited for. */
  private record Work(
      NodeServer server,
      Uploads uploads,
      RetrievalGrpc retrievals,
      SealingRoom sealing,
      MinerEngine engine) {}

  private final MinerConfig config;
  private final Address miner;
  private final Work work;
  private final Deque<AutoCloseable> parts;
  private final DealBook book;
  private final Telemetry telemetry;
  private final CompletableFuture<DrainReport> drained = new CompletableFuture<>();
  private Optional<Draining> draining = Optional.empty();

  /** A drain that was begun, and its result. */
  private record Draining(Deadline deadline, DrainReport report) {}

  private MinerNode(
      MinerConfig config,
      Address miner,
      Work work,
      Deque<AutoCloseable> parts,
      DealBook book,
      Telemetry telemetry) {
    this.config = config;
    this.miner = miner;
    this.work = work;
    this.parts = parts;
    this.book = book;
    this.telemetry = telemetry;
  }

  /**
   * Starts a miner; it resumes what it was doing when it stopped.
   *
   * @param operator hot key, registered as the miner's operator
   * @param miner the miner's identity, its owner's address
   * @param tls where its TLS keys are
   * @throws IOException when its port or its files cannot be opened
   */
  public static MinerNode start(
      MinerConfig config, MinerPorts ports, EthKey operator, Address miner, TlsFolder tls)
      throws IOException {
    return start(config, ports, operator, miner, tls, new LocalDisk());
  }

  /**
   * The same over a store that is open already, which it closes.
   *
   * @param store of {@link #openStore}
   */
  public static MinerNode start(
      MinerConfig config,
      MinerPorts ports,
      EthKey operator,
      Address miner,
      TlsFolder tls,
      MinerStore store)
      throws IOException {
    return start(config, ports, operator, miner, tls, new LocalDisk(), store);
  }

  /**
   * Opens the store of a miner: before the node, because what sends its transactions keeps its
   * journal there.
   *
   * @throws io.granary.miner.storage.StorageException when it is in use, damaged or another's
   */
  public static MinerStore openStore(MinerConfig config, SigningDomain domain, Address miner) {
    return RocksMinerStore.open(storeOf(config.home()), domain, miner);
  }

  /** Where the store of a miner's folder is. */
  public static Path storeOf(Path home) {
    return home.resolve("db");
  }

  /** Version of the store that this software writes and reads. */
  public static final int STORE_SCHEMA = RocksMinerStore.LAYOUT;

  /**
   * Copies the store of a miner whose node does not run.
   *
   * @param home the miner's folder
   * @param directory made by this; must not exist
   * @throws io.granary.miner.storage.StorageException when there is no store, a node has it open,
   *     or the copy cannot be written
   */
  public static void copyStore(Path home, Path directory) {
    RocksMinerStore.copy(storeOf(home), directory);
  }

  /**
   * The deals of a copied store, which is only read.
   *
   * @throws io.granary.miner.storage.StorageException when it is damaged, of another version, or
   *     another miner's or market's
   */
  public static List<StoredDeal> storedDeals(Path copy, SigningDomain domain, Address miner) {
    return RocksMinerStore.dealsOf(copy, domain, miner);
  }

  /**
   * What the transactions of a miner's operator cost so far, from its store, which may be open.
   *
   * @throws io.granary.miner.storage.StorageException when no node has made a store there, or it
   *     cannot be read
   */
  public static List<TxCost> readCosts(Path home) {
    return RocksMinerStore.readCosts(home.resolve("db"));
  }

  /** The same over another disk, for tests of failing ones. */
  static MinerNode start(
      MinerConfig config,
      MinerPorts ports,
      EthKey operator,
      Address miner,
      TlsFolder tls,
      Disk disk)
      throws IOException {
    MinerStore store = openStore(config, ports.reader().terms().domain(), miner);
    return start(config, ports, operator, miner, tls, disk, store);
  }

  private static MinerNode start(
      MinerConfig config,
      MinerPorts ports,
      EthKey operator,
      Address miner,
      TlsFolder tls,
      Disk disk,
      MinerStore store)
      throws IOException {
    Deque<AutoCloseable> opened = new ArrayDeque<>();
    opened.push(store);
    try {
      Telemetry telemetry = telemetry(config, miner, opened);
      OperatorLog log = telemetry.log();
      Traces traces = telemetry.traces();
      store.kept().ifPresent(log::backedUp);
      store.migrated().forEach(log::migrated);
      Shelf shelf = new Shelf(config.home());
      DealBook book = new DealBook(store.deals(), log);
      tidy(shelf, book, log);
      TreeMender mender = new TreeMender(shelf, log);
      opened.push(mender);
      ReplicaReader replicas = new ReplicaReader(shelf, mender);
      Uploads uploads =
          new Uploads(
              book, store.uploads(), shelf, disk, config.tuning().maxUploads(), log, traces);
      uploads.forgetLost();
      SealingRoom sealing =
          new SealingRoom(
              config, book, store.uploads(), store.sealings(), shelf, disk, log, traces);
      opened.push(sealing);
      sealing.adopt();
      Intake intake =
          new Intake(config, ports, operator, miner, book, shelf, disk, log, Clock.systemUTC());
      RetrievalGrpc retrievals = new RetrievalGrpc(book, replicas, log);
      tls.finishTaking();
      NodeServer server =
          NodeServer.start(
              new InetSocketAddress(config.listenHost(), config.listenPort()),
              tls.current(),
              new CallAuth(ports.reader().terms().domain(), miner, Clock.systemUTC()),
              config.quota(),
              Stream.<BindableService>of(
                      new DealGrpc(
                          intake,
                          new Renewals(ports, miner, intake, book, log),
                          uploads,
                          book,
                          sealing),
                      retrievals,
                      new ProofGrpc(book, replicas, store.proofs(), log))
                  .map(service -> TracedCalls.of(service, traces))
                  .toList());
      opened.push(server);
      MinerEngine engine =
          MinerEngine.start(
              config,
              ports,
              operator,
              miner,
              new TlsRotation(tls, server, Clock.systemUTC(), log),
              server.port(),
              book,
              store.proofs(),
              uploads,
              sealing,
              replicas,
              shelf,
              disk,
              telemetry);
      opened.push(engine);
      MinerNode node =
          new MinerNode(
              config,
              miner,
              new Work(server, uploads, retrievals, sealing, engine),
              opened,
              book,
              telemetry);
      node.takeCommands(store);
      chooseHashEngine(log);
      log.started(miner, config.advertisedEndpoint(), server.port(), book.all().size());
      return node;
    } catch (IOException | RuntimeException e) {
      Parts.close(opened, e);
      throw e;
    }
  }

  private static Telemetry telemetry(MinerConfig config, Address miner, Deque<AutoCloseable> opened)
      throws IOException {
    Clock clock = Clock.systemUTC();
    MinerMetrics metrics = new MinerMetrics();
    opened.push(metrics);
    OperatorLog log = new OperatorLog(clock, metrics);
    Health health = new Health(clock);
    if (config.ops().webhook().isPresent()) {
      Webhook webhook = new Webhook(config.ops().webhook().get(), miner.toString(), clock);
      opened.push(webhook);
      log.onTrouble(t -> webhook.tell(t.shown()));
    }
    if (config.ops().listen().isPresent()) {
      OpsServer server = OpsServer.start(config.ops().listen().get(), metrics, health);
      opened.push(server);
      log.opsServed(config.ops().listen().get().getHostString(), server.port());
    }
    Traces traces = config.ops().traces().map(url -> Traces.to(url, miner)).orElse(Traces.none());
    opened.push(traces);
    return new Telemetry(log, metrics, health, traces);
  }

  /** A node that cannot be told anything proves all the same. */
  private void takeCommands(MinerStore store) {
    AdminCommands commands =
        new AdminCommands() {
          @Override
          public void copyStore(Path directory) {
            store.checkpoint(directory);
          }

          @Override
          public DrainReport drain() {
            return MinerNode.this.drain();
          }

          @Override
          public void drained(DrainReport report) {
            drained.complete(report);
          }
        };
    try {
      parts.push(AdminServer.start(config.home(), commands, telemetry.log()));
    } catch (IOException | UnsupportedOperationException e) {
      telemetry.log().adminUnavailable(AdminServer.socket(config.home()), e);
    }
  }

  /** Beside everything else: the node works with the engine it has until a better one is warm. */
  private static void chooseHashEngine(OperatorLog log) {
    Thread.ofPlatform()
        .daemon()
        .name("hash-engine")
        .start(() -> log.hashEngine(HashEngine.useFastest()));
  }

  /**
   * Removes what a crash left behind: half-written files unless their sealing goes on with them,
   * files of deals that are over, and staged pieces of deals that are sealed. Files of deals that
   * the store does not know stay: it may be the store that is lost or old, and the files all that
   * is left of a deal on chain.
   */
  private static void tidy(Shelf shelf, DealBook book, OperatorLog log) throws IOException {
    for (DealId id :
        shelf.sweep(d -> book.find(d).filter(x -> x.stage() == DealStage.UPLOADED).isPresent())) {
      Optional<StoredDeal> deal = book.find(id);
      if (deal.isEmpty()) {
        log.unknownFiles(id);
      } else if (deal.get().isOver()) {
        shelf.deleteAll(id);
      } else if (deal.get().hasReplica() && shelf.hasReplica(id)) {
        shelf.deletePart(id);
      }
    }
  }

  /** The port its services listen on. */
  public int port() {
    return work.server().port();
  }

  /** Its deals. */
  public DealBook deals() {
    return book;
  }

  /** The newest errors. */
  public List<OperatorLog.Trouble> troubles() {
    return telemetry.log().troubles();
  }

  /** Deals with a replica of which something is damaged, as far as it is known. */
  public int damagedDeals() {
    return telemetry.metrics().damagedDeals();
  }

  /** How its loops are. */
  public Health.Report health() {
    return telemetry.health().report();
  }

  /**
   * Takes no deals and no calls any more, lets transfers, the sealing and the transactions that are
   * under way end until the deadline of {@link MinerConfig#drain}, and begins nothing else. The
   * last quarter of the time is the transactions'. What is left to do is to {@link #close}. A
   * second call waits for the first and says the same.
   */
  public DrainReport drain() {
    return drainOnce().report();
  }

  private synchronized Draining drainOnce() {
    if (draining.isEmpty()) {
      Deadline deadline = Deadline.in(config.drain());
      telemetry.log().draining(config.drain());
      // Whoever asks for its health is told not to send anybody here.
      telemetry.health().failed("node", "it is to stop and ends what runs");
      DrainReport report = new DrainReport(drain(deadline));
      telemetry.log().drained(report);
      draining = Optional.of(new Draining(deadline, report));
    }
    return draining.get();
  }

  /** Tells what ran longer. */
  private List<String> drain(Deadline deadline) {
    List<String> cut = new ArrayList<>();
    // A peer that sends no more must not take the time of a proof that is under way.
    Deadline transfers = Deadline.in(config.drain().multipliedBy(3).dividedBy(4));
    work.server().finish();
    work.sealing().finish();
    try {
      for (DealId id : work.uploads().awaitEnd(transfers)) {
        cut.add("the upload of deal " + id + "; its client resumes it");
      }
      int retrievals = work.retrievals().awaitEnd(transfers);
      if (retrievals > 0) {
        cut.add(retrievals + " retrievals; their clients go on with the rest");
      }
      work.sealing()
          .awaitEnd(transfers)
          .ifPresent(id -> cut.add("the sealing of deal " + id + "; it begins anew"));
      // Last, so that proofs go on meanwhile.
      for (String loop : work.engine().finish(deadline)) {
        cut.add("a round of " + loop + "; its transaction is taken up at the next start");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      cut.add("whatever ran when the drain was interrupted");
    }
    return cut;
  }

  /** Ends when the operator had the node drained by a command and was told the result. */
  public CompletableFuture<DrainReport> whenDrained() {
    return drained.copy();
  }

  /** Drains it, ends the loops, and closes the store. */
  @Override
  public void close() {
    Deadline deadline = drainOnce().deadline();
    // The first to stop though not the last to start: no call may come while the rest goes.
    work.server().close(deadline.left());
    try {
      Parts.close(parts);
    } finally {
      telemetry.log().stopped(miner);
    }
  }
}
