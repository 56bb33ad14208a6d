package io.granary.miner.engine;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.granary.miner.MinerConfig;
import io.granary.miner.MinerPorts;
import io.granary.miner.OperatorLog;
import io.granary.miner.model.Room;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.storage.DealBook;
import io.granary.miner.storage.ProofStore;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.Period;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes {@code status.json} in the home at each block, as a whole, for whoever wants to know how
 * the node is.
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
  private final OperatorLog log;
  private boolean lowGas;

  StatusFile(
      MinerConfig config,
      MinerPorts ports,
      Address miner,
      Address operator,
      int port,
      DealBook book,
      ChainDeals chainDeals,
      ProofStore proofs,
      OperatorLog log) {
    this.config = config;
    this.ports = ports;
    this.miner = miner;
    this.operator = operator;
    this.port = port;
    this.book = book;
    this.chainDeals = chainDeals;
    this.proofs = proofs;
    this.log = log;
  }

  void write(long head) {
    BigInteger wei = ports.chain().wei(operator);
    boolean low = wei.compareTo(config.tuning().lowGasWei()) < 0;
    if (low && !lowGas) {
      log.lowGas(operator, wei, config.tuning().lowGasWei());
    }
    lowGas = low;
    Path file = config.home().resolve("status.json");
    Path temporary = config.home().resolve("status.json.new");
    try {
      Files.write(
          temporary, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(status(head, wei)));
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      log.statusNotWritten(e);
    }
  }

  private ObjectNode status(long head, BigInteger wei) {
    PeriodClock clock = ports.reader().clock(miner);
    long period = clock.periodAt(head + 1);
    Room room = book.room(config.capacityBytes());
    ObjectNode s = JSON.createObjectNode();
    s.put("miner", miner.toString());
    s.put("operator", operator.toString());
    s.put("endpoint", config.advertisedEndpoint());
    s.put("port", port);
    s.put("head", head);
    s.put("period", period);
    s.put("proved", ports.reader().isProved(miner, new Period(period)));
    s.put("excused", ports.reader().isExcused(miner, new Period(period)));
    s.put("challengeBlock", clock.challengeBlock(period));
    s.put("blocksLeft", clock.periodEnd(period) - 1 - head);
    s.put("capacityBytes", room.capacityBytes());
    s.put("usedBytes", room.usedBytes());
    s.put("reservedBytes", room.reservedBytes());
    s.put("unlocked", ports.reader().account(miner).balance().toTokens());
    s.put("gasWei", wei.toString());
    s.put("proofsInOutbox", proofs.outboxSize());
    Map<String, Integer> stages = new TreeMap<>();
    ArrayNode deals = JSON.createArrayNode();
    for (StoredDeal d : book.all()) {
      String stage = d.stage().name().toLowerCase(Locale.ROOT);
      stages.merge(stage, 1, Integer::sum);
      ObjectNode row = deals.addObject();
      row.put("id", d.id().toString());
      row.put("stage", stage);
      // As last read; an event has it read again.
      row.put("state", chainDeals.find(d.id()).map(c -> c.state().toString()).orElse(""));
      row.put("bytes", d.terms().size().bytes());
      row.put("reason", d.reason());
    }
    ObjectNode counts = s.putObject("dealsByStage");
    stages.forEach(counts::put);
    s.set("deals", deals);
    ArrayNode troubles = s.putArray("troubles");
    log.troubles().forEach(t -> troubles.add(t.at() + " " + t.event() + ": " + t.message()));
    return s;
  }
}
