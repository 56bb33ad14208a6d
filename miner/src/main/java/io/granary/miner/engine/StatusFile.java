package io.granary.miner.engine;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.miner.MinerConfig;
import io.granary.miner.MinerPorts;
import io.granary.miner.OperatorLog;
import io.granary.miner.Telemetry;
import io.granary.miner.model.Room;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.ops.MinerMetrics;
import io.granary.miner.ops.NodeStatus;
import io.granary.miner.storage.DealBook;
import io.granary.miner.storage.ProofStore;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.protocol.chain.EndpointStatus;
import io.granary.protocol.chain.UnderWay;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.Period;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Says at each block how the node is: to the metrics, and as {@code status.json} in the home. The
 * deals are in {@code deals.json}, which is written when something in it has changed: thousands of
 * them at each block would be most of what a node does. Both files are always whole.
 */
final class StatusFile {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final MinerConfig config;
  private final MinerPorts ports;
  private final Address miner;
  private final Address operator;
  private final int port;
  private final DealBook book;
  private final ChainDeals chainDeals;
  private final ProofStore proofs;
  private final Rehearsal rehearsal;
  private final OperatorLog log;
  private final MinerMetrics metrics;
  private boolean lowGas;
  // What deals.json says; empty before it was written.
  private Optional<List<NodeStatus.Deal>> written = Optional.empty();

  StatusFile(
      MinerConfig config,
      MinerPorts ports,
      Address miner,
      Address operator,
      int port,
      DealBook book,
      ChainDeals chainDeals,
      ProofStore proofs,
      Rehearsal rehearsal,
      Telemetry telemetry) {
    this.config = config;
    this.ports = ports;
    this.miner = miner;
    this.operator = operator;
    this.port = port;
    this.book = book;
    this.chainDeals = chainDeals;
    this.proofs = proofs;
    this.rehearsal = rehearsal;
    this.log = telemetry.log();
    this.metrics = telemetry.metrics();
  }

  void write(long head) {
    BigInteger wei = ports.chain().wei(operator);
    boolean low = wei.compareTo(config.tuning().lowGasWei()) < 0;
    if (low && !lowGas) {
      log.lowGas(operator, wei, config.tuning().lowGasWei());
    }
    lowGas = low;
    NodeStatus now = status(head, wei);
    metrics.show(now);
    List<NodeStatus.Deal> deals = deals();
    try {
      // First: whoever finds a status finds the deals too.
      if (!written.equals(Optional.of(deals))) {
        write("deals.json", deals);
        written = Optional.of(deals);
      }
      write("status.json", now);
    } catch (IOException e) {
      log.statusNotWritten(e);
    }
  }

  private void write(String name, Object value) throws IOException {
    Path temporary = config.home().resolve(name + ".new");
    Files.write(temporary, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(value));
    Files.move(
        temporary,
        config.home().resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  private List<NodeStatus.Deal> deals() {
    List<NodeStatus.Deal> deals = new ArrayList<>();
    for (StoredDeal d : book.all()) {
      deals.add(
          new NodeStatus.Deal(
              d.id().toString(),
              stage(d),
              // As last read; an event has it read again.
              chainDeals.find(d.id()).map(c -> c.state().toString()).orElse(""),
              d.terms().size().bytes(),
              d.reason()));
    }
    return deals;
  }

  private static String stage(StoredDeal deal) {
    return deal.stage().name().toLowerCase(Locale.ROOT);
  }

  private NodeStatus status(long head, BigInteger wei) {
    PeriodClock clock = ports.reader().clock(miner);
    long period = clock.periodAt(head + 1);
    Room room = book.room(config.capacityBytes());
    Map<String, Integer> stages = new TreeMap<>();
    book.all().forEach(d -> stages.merge(stage(d), 1, Integer::sum));
    return new NodeStatus(
        Instant.now().toString(),
        miner.toString(),
        operator.toString(),
        config.advertisedEndpoint(),
        port,
        head,
        period,
        ports.reader().isProved(miner, new Period(period)),
        ports.reader().isExcused(miner, new Period(period)),
        clock.challengeBlock(period),
        clock.periodEnd(period) - 1 - head,
        room.capacityBytes(),
        room.usedBytes(),
        room.reservedBytes(),
        ports.reader().account(miner).balance().toTokens(),
        wei.toString(),
        proofs.outboxSize(),
        ports.chain().endpoints().stream().map(StatusFile::shown).toList(),
        ports.market().underWay().stream().map(StatusFile::shown).toList(),
        rehearsal.newest().map(StatusFile::shown).orElse(null),
        stages,
        log.troubles().stream().map(OperatorLog.Trouble::shown).toList());
  }

  private static NodeStatus.Endpoint shown(EndpointStatus e) {
    return new NodeStatus.Endpoint(
        e.name(), e.state().name().toLowerCase(Locale.ROOT), e.failures(), e.reason());
  }

  private static NodeStatus.Transaction shown(UnderWay t) {
    return new NodeStatus.Transaction(
        t.nonce(),
        t.operation(),
        t.since().toString(),
        t.sent(),
        t.newest().toString(),
        t.maxFee().toString(),
        t.lastBlock().map(BlockNumber::value).orElse(null));
  }

  private static NodeStatus.Rehearsal shown(Rehearsal.Report report) {
    return new NodeStatus.Rehearsal(
        report.period().index(),
        report.at().toString(),
        report.passed(),
        report.checks().stream()
            .map(c -> new NodeStatus.Check(c.name(), c.passed(), c.found()))
            .toList());
  }
}
