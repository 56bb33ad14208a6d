package io.granary.auditor;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.granary.auditor.grpc.AuditGrpc;
import io.granary.auditor.grpc.ProofPuller;
import io.granary.auditor.storage.AuditRecord;
import io.granary.auditor.storage.AuditStore;
import io.granary.auditor.storage.WatchedDeal;
import io.granary.auditor.storage.rocksdb.RocksAuditStore;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.EventStream;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.DeclaredFault;
import io.granary.protocol.grpc.CallAuth;
import io.granary.protocol.grpc.NodeServer;
import io.granary.protocol.grpc.TlsIdentity;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.BlockRef;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The auditor daemon: takes pushed proofs, learns from the chain which deals name it, pulls and
 * notes what did not come, ends defaulted deals, and keeps what shows a wrong seal.
 */
public final class AuditorNode implements AutoCloseable {
  /** Refusals of a dispute that no later block takes back. */
  private static final Set<String> DECIDED =
      Set.of("WrongState", "SealIsRight", "BadDisputeOpening", "LeafOutOfRange");

  private final AuditorConfig config;
  private final AuditorPorts ports;
  private final EthKey identity;
  private final AuditStore store;
  private final ProofCheck check;
  private final ProofPuller puller = new ProofPuller();
  private final NodeServer server;
  private EventStream.@Nullable Subscription subscription;
  private @Nullable Thread rounds;

  private AuditorNode(
      AuditorConfig config,
      AuditorPorts ports,
      EthKey identity,
      AuditStore store,
      ProofCheck check,
      NodeServer server) {
    this.config = config;
    this.ports = ports;
    this.identity = identity;
    this.store = store;
    this.check = check;
    this.server = server;
  }

  /**
   * Starts the daemon.
   *
   * @throws IOException when its store or its port cannot be opened
   */
  public static AuditorNode start(
      AuditorConfig config, AuditorPorts ports, EthKey identity, TlsIdentity tls)
      throws IOException {
    AuditStore store = RocksAuditStore.open(config.home().resolve("db"));
    try {
      ProofCheck check =
          new ProofCheck(
              ports.reader(),
              ports.directory(),
              store,
              Clock.systemUTC(),
              evidence -> keep(config, evidence));
      NodeServer server =
          NodeServer.start(
              config.listen(),
              tls,
              new CallAuth(ports.reader().terms().domain(), identity.address(), Clock.systemUTC()),
              List.of(new AuditGrpc(check, store)));
      AuditorNode node = new AuditorNode(config, ports, identity, store, check, server);
      node.begin();
      return node;
    } catch (IOException | RuntimeException e) {
      store.close();
      throw e;
    }
  }

  private void begin() {
    subscription =
        ports
            .events()
            .follow(store.nextBlock().orElse(ports.history().deployedAt()), new Listener());
    rounds = Thread.ofVirtual().name("auditor-rounds").start(this::runRounds);
    AuditorLog.started(server.port());
  }

  /** The port its service listens on. */
  public int port() {
    return server.port();
  }

  /** What it keeps. */
  public AuditStore store() {
    return store;
  }

  private final class Listener implements EventStream.Listener {
    @Override
    public void applied(BlockRef block, List<MarketEvent> events) {
      List<WatchedDeal> deals = new ArrayList<>();
      for (MarketEvent event : events) {
        if (event instanceof MarketEvent.DealPublished p
            && p.proposal().auditor().equals(identity.address())) {
          deals.add(new WatchedDeal(p.dealId(), p.proposal(), p.sealedRoot()));
        }
      }
      store.watch(deals, block.number());
    }

    @Override
    public void reverted(BlockRef block) {
      // A deal that is no longer on chain stays watched: it does no harm, and it may be published
      // again.
      store.rewind(block.number());
    }
  }

  private void runRounds() {
    while (!Thread.currentThread().isInterrupted()) {
      try {
        round();
        Thread.sleep(config.poll());
      } catch (InterruptedException e) {
        return;
      } catch (ChainUnavailableException e) {
        AuditorLog.chainUnavailable(String.valueOf(e.getMessage()));
      } catch (RuntimeException e) {
        AuditorLog.roundFailed(e);
      }
    }
  }

  private void round() {
    long head = ports.chain().head().number().value();
    for (WatchedDeal deal : store.deals()) {
      Optional<DealSnapshot> chain = ports.reader().deal(deal.id());
      if (chain.isPresent() && chain.get().end().index() > 0) {
        lookForGaps(deal, chain.get(), head);
        if (config.terminate() && chain.get().state() == DealState.ACTIVE) {
          terminateIfDue(deal, chain.get(), head);
        }
        if (config.terminate() && chain.get().state() == DealState.FAULTY) {
          terminateIfFaultyTooLong(deal, chain.get(), head);
        }
      }
    }
    if (config.dispute()) {
      dispute();
    }
    writeStatus(head);
  }

  private static Path disputes(AuditorConfig config) {
    return config.home().resolve("disputes");
  }

  private static void keep(AuditorConfig config, DisputeEvidence evidence) {
    try {
      Path file = evidence.save(disputes(config));
      AuditorLog.wrongSeal(evidence.dealId(), evidence.leaf().value(), file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Files say what is to be disputed, so a restart forgets nothing. */
  private void dispute() {
    if (!Files.isDirectory(disputes(config))) {
      return;
    }
    try (Stream<Path> files = Files.list(disputes(config))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".json")).toList()) {
        dispute(file, DisputeEvidence.load(file));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void dispute(Path file, DisputeEvidence evidence) throws IOException {
    Optional<WatchedDeal> deal = store.deal(evidence.dealId());
    if (deal.isEmpty()) {
      return;
    }
    TxResult result =
        ports.disputes().disputeSeal(deal.get().terms(), evidence.leaf(), evidence.openings());
    AuditorLog.disputed(evidence.dealId(), evidence.leaf().value(), result.toString());
    if (result instanceof TxResult.Refused refused && !DECIDED.contains(refused.error())) {
      if (refused.error().equals("Unsettled")) {
        ports.market().settle(List.of(evidence.dealId()));
      }
      return;
    }
    // It stays as a record, and is not sent again.
    Files.move(file, file.resolveSibling(file.getFileName() + ".done"), REPLACE_EXISTING);
  }

  private void lookForGaps(WatchedDeal deal, DealSnapshot chain, long head) {
    PeriodClock clock = ports.reader().clock(deal.terms().miner());
    long over =
        Math.min(
            clock.periodAt(head),
            chain.state() == DealState.ACTIVE ? chain.end().index() : chain.cursor().index());
    long newest = over - 1;
    // Older gaps were noted when they were new; after a long absence at most so many are asked for.
    for (long p = Math.max(chain.start().index(), newest - 64); p <= newest; p++) {
      Period period = new Period(p);
      if (store.record(deal.id(), period).isEmpty()
          && !ports.reader().isExcused(deal.terms().miner(), period)) {
        pull(deal, period);
      }
    }
  }

  private void pull(WatchedDeal deal, Period period) {
    ProofPuller.Answer answer =
        ports
            .directory()
            .miner(deal.terms().miner())
            .map(m -> puller.pull(m, deal.id(), period))
            .orElseGet(() -> new ProofPuller.Answer.Nothing("the miner is no longer registered"));
    String reason;
    switch (answer) {
      case ProofPuller.Answer.Got got -> {
        if (check.check(got.proof(), Optional.empty()) instanceof ProofCheck.Outcome.Refused r) {
          reason = r.refusal().message();
        } else {
          return;
        }
      }
      case ProofPuller.Answer.Nothing nothing -> reason = nothing.reason();
    }
    if (store.record(deal.id(), period).isEmpty()) {
      store.note(
          deal.id(),
          new AuditRecord(
              period,
              AuditRecord.Verdict.MISSING,
              reason,
              Instant.ofEpochSecond(Instant.now().getEpochSecond())));
      AuditorLog.proofMissing(deal.id(), period, reason);
    }
  }

  private void terminateIfDue(WatchedDeal deal, DealSnapshot chain, long head) {
    PeriodClock clock = ports.reader().clock(deal.terms().miner());
    long run = chain.missRun();
    long closed = Math.min(clock.periodAt(head), chain.end().index());
    int limit = ports.reader().terms().maxMissRun();
    for (long p = chain.cursor().index(); p < closed && run <= limit; p++) {
      Period period = new Period(p);
      if (ports.reader().isProved(deal.terms().miner(), period)) {
        run = 0;
      } else if (!ports.reader().isExcused(deal.terms().miner(), period)) {
        run++;
      }
    }
    if (run > limit) {
      AuditorLog.terminated(deal.id(), ports.market().terminate(deal.id()).toString());
    }
  }

  private void terminateIfFaultyTooLong(WatchedDeal deal, DealSnapshot chain, long head) {
    PeriodClock clock = ports.reader().clock(deal.terms().miner());
    if (DeclaredFault.of(chain, ports.reader().terms(), clock).isDefaulted(new BlockNumber(head))) {
      AuditorLog.terminated(deal.id(), ports.market().terminate(deal.id()).toString());
    }
  }

  private void writeStatus(long head) {
    ObjectMapper json = new ObjectMapper();
    ObjectNode status = json.createObjectNode();
    status.put("auditor", identity.address().toString());
    status.put("port", server.port());
    status.put("head", head);
    List<WatchedDeal> deals = store.deals();
    status.put("deals", deals.size());
    long[] counts = new long[AuditRecord.Verdict.values().length];
    for (WatchedDeal deal : deals) {
      for (AuditRecord r : records(deal.id())) {
        counts[r.verdict().ordinal()]++;
      }
    }
    for (AuditRecord.Verdict v : AuditRecord.Verdict.values()) {
      status.put(v.name().toLowerCase(java.util.Locale.ROOT), counts[v.ordinal()]);
    }
    Path file = config.home().resolve("status.json");
    Path temporary = config.home().resolve("status.json.new");
    try {
      Files.write(temporary, json.writerWithDefaultPrettyPrinter().writeValueAsBytes(status));
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<AuditRecord> records(DealId id) {
    return store.records(id, new Period(0), Integer.MAX_VALUE);
  }

  @Override
  public void close() {
    server.close();
    if (subscription != null) {
      subscription.close();
    }
    if (rounds != null) {
      rounds.interrupt();
      try {
        rounds.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    store.close();
  }
}
