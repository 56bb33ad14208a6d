package io.granary.miner.engine;

import io.granary.miner.Deadline;
import io.granary.miner.MinerConfig;
import io.granary.miner.MinerPorts;
import io.granary.miner.OperatorLog;
import io.granary.miner.Parts;
import io.granary.miner.Telemetry;
import io.granary.miner.grpc.AuditorClient;
import io.granary.miner.replica.Disk;
import io.granary.miner.replica.ReplicaReader;
import io.granary.miner.replica.Shelf;
import io.granary.miner.sealing.SealingRoom;
import io.granary.miner.storage.DealBook;
import io.granary.miner.storage.ProofStore;
import io.granary.protocol.chain.EventStream;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockRef;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

/**
 * The miner's loops: deals, proving, rehearsing, pushing, demands, scrubbing. Proving has a thread
 * of its own, so that nothing makes it wait.
 */
public final class MinerEngine implements AutoCloseable {
  private final List<AutoCloseable> parts;
  private final List<Loop> loops;

  /**
   * What runs.
   *
   * @param parts everything, in the order in which it is closed
   * @param loops those of them whose rounds are better ended than cut: they send transactions
   */
  private MinerEngine(List<AutoCloseable> parts, List<Loop> loops) {
    this.parts = parts;
    this.loops = loops;
  }

  /** Starts the loops. */
  public static MinerEngine start(
      MinerConfig config,
      MinerPorts ports,
      EthKey operator,
      Address miner,
      TlsRotation tls,
      int port,
      DealBook book,
      ProofStore proofs,
      Uploads uploads,
      SealingRoom sealing,
      ReplicaReader replicas,
      Shelf shelf,
      Disk disk,
      Telemetry telemetry) {
    OperatorLog log = telemetry.log();
    ChainDeals chainDeals = new ChainDeals(ports, book);
    DealRunner runner =
        new DealRunner(
            ports,
            miner,
            config,
            book,
            chainDeals,
            uploads,
            sealing,
            replicas,
            shelf,
            log,
            telemetry.traces());
    Prover prover =
        new Prover(config, ports, operator, miner, book, proofs, replicas, log, telemetry.traces());
    Pusher pusher =
        new Pusher(
            ports,
            config.tuning(),
            book,
            proofs,
            new AuditorClient(ports.reader().terms().domain(), operator),
            log);
    DemandDesk desk = new DemandDesk(ports, config.fees(), book, replicas, log);
    Rehearsal rehearsal =
        new Rehearsal(
            config,
            ports,
            miner,
            operator.address(),
            book,
            replicas,
            disk,
            log,
            Clock.systemUTC(),
            new SecureRandom());
    StatusFile status =
        new StatusFile(
            config,
            ports,
            miner,
            operator.address(),
            port,
            book,
            chainDeals,
            proofs,
            rehearsal,
            telemetry);
    RegistryWatch registry = new RegistryWatch(config, ports, miner, operator.address(), tls, log);
    Scrubber scrubber =
        new Scrubber(config, ports, miner, book, replicas, telemetry, Clock.systemUTC());
    EndpointWatch endpoints = new EndpointWatch(ports.chain(), log, telemetry.metrics());
    replicas.onDamage(scrubber::suspect);
    runner.deleteLeftovers();
    long[] lastHead = {-1};
    List<AutoCloseable> started = new ArrayList<>();
    List<Loop> sending = new ArrayList<>();
    try {
      sending.add(loop("miner-proving", config, telemetry, prover::run));
      started.add(sending.getLast());
      started.add(loop("miner-pushing", config, telemetry, pusher::run));
      started.add(pusher);
      sending.add(loop("miner-demands", config, telemetry, desk::run));
      started.add(sending.getLast());
      started.add(loop("miner-rehearsing", config, telemetry, rehearsal::run));
      started.add(loop("miner-scrubbing", config, telemetry, scrubber::run));
      started.add(loop("miner-endpoints", config, telemetry, endpoints::run));
      sending.add(
          loop(
              "miner-deals",
              config,
              telemetry,
              () -> {
                // Before the state is read by which the runner decides.
                ports.market().finishBegun();
                BlockRef head = ports.chain().head();
                runner.run(head);
                if (head.number().value() != lastHead[0]) {
                  lastHead[0] = head.number().value();
                  status.write(lastHead[0]);
                  registry.look(lastHead[0]);
                }
              }));
      started.add(sending.getLast());
      started.add(
          ports
              .events()
              .follow(
                  ports.chain().head().number(), new Watcher(book, chainDeals, prover, desk, log)));
      return new MinerEngine(started, sending);
    } catch (RuntimeException e) {
      // Loops that went on would use a store that the caller closes.
      try {
        new MinerEngine(started, sending).close();
      } catch (RuntimeException alsoFailed) {
        e.addSuppressed(alsoFailed);
      }
      throw e;
    }
  }

  private static Loop loop(String name, MinerConfig config, Telemetry telemetry, Loop.Step step) {
    return new Loop(name, config.tuning(), telemetry, MinerEngine::endProcess, step);
  }

  /**
   * Begins nothing any more that sends transactions, waits for the proof, the answers and the other
   * transactions that are under way, and tells the loops that took longer.
   */
  public List<String> finish(Deadline deadline) throws InterruptedException {
    loops.forEach(Loop::finish);
    List<String> longer = new ArrayList<>();
    for (Loop loop : loops) {
      if (!loop.awaitEnd(deadline)) {
        longer.add(loop.name());
      }
    }
    return longer;
  }

  /**
   * What is acknowledged is durable at any moment, so ending at once loses nothing, and it needs no
   * memory that may no longer be there. Exit code 1: a restart may help.
   */
  private static void endProcess(Error cause) {
    Runtime.getRuntime().halt(1);
  }

  /** Looks at a deal again when the chain says something of it, or takes something back. */
  private record Watcher(
      DealBook book, ChainDeals chainDeals, Prover prover, DemandDesk desk, OperatorLog log)
      implements EventStream.Listener {
    @Override
    public void applied(BlockRef block, List<MarketEvent> events) {
      for (MarketEvent event : events) {
        if (event instanceof MarketEvent.DealSettled s && book.find(s.dealId()).isPresent()) {
          chainDeals.forget(s.dealId());
          if (s.slashed().units().signum() > 0) {
            log.slashed(s.dealId(), s.slashed().toTokens());
          }
        } else if (event instanceof MarketEvent.DealExtended x
            && book.find(x.dealId()).isPresent()) {
          // Planned with the old end, the deal would be purged and completed, which is refused.
          chainDeals.forget(x.dealId());
        } else if (event instanceof MarketEvent.DealShortened x
            && book.find(x.dealId()).isPresent()) {
          chainDeals.forget(x.dealId());
        } else if (event instanceof MarketEvent.FaultDeclared f
            && book.find(f.dealId()).isPresent()) {
          chainDeals.forget(f.dealId());
          log.faultDeclared(f.dealId(), f.from());
        } else if (event instanceof MarketEvent.DealRecovered r
            && book.find(r.dealId()).isPresent()) {
          chainDeals.forget(r.dealId());
          log.recovered(r.dealId(), r.from());
        } else if (event instanceof MarketEvent.DealHandedOver h
            && book.find(h.dealId()).isPresent()) {
          chainDeals.forget(h.dealId());
        } else if (event instanceof MarketEvent.DemandRaised d
            && book.find(d.dealId()).isPresent()) {
          desk.raised(d.dealId());
        } else if (event instanceof MarketEvent.DealTerminated t
            && book.find(t.dealId()).isPresent()) {
          chainDeals.forget(t.dealId());
          log.slashed(t.dealId(), t.burned().plus(t.toClient()).plus(t.tip()).toTokens());
        }
      }
    }

    @Override
    public void reverted(BlockRef block) {
      log.reorg(block.number());
      prover.reverted();
      desk.reverted();
      book.all().forEach(d -> chainDeals.forget(d.id()));
    }
  }

  @Override
  public void close() {
    Parts.close(parts);
  }
}
