package io.granary.miner.engine;

import io.granary.miner.MinerConfig;
import io.granary.miner.MinerPorts;
import io.granary.miner.OperatorLog;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.values.Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Tells the operator when the registry says something else than this node is: clients would refuse
 * it for its TLS key, look for it elsewhere, or the contract would refuse its transactions. Each
 * difference is told once, until it changes.
 */
final class RegistryWatch {
  private static final long EVERY_BLOCKS = 100;

  private final MinerConfig config;
  private final MinerPorts ports;
  private final Address miner;
  private final Address operator;
  private final TlsRotation tls;
  private final OperatorLog log;
  private long next = -1;
  private List<String> told = List.of();

  RegistryWatch(
      MinerConfig config,
      MinerPorts ports,
      Address miner,
      Address operator,
      TlsRotation tls,
      OperatorLog log) {
    this.config = config;
    this.ports = ports;
    this.miner = miner;
    this.operator = operator;
    this.tls = tls;
    this.log = log;
  }

  /**
   * Looks at the first block and at every hundredth after it, and at each while the TLS key is
   * changed.
   */
  void look(long head) {
    if (head < next && !tls.isUnderWay()) {
      return;
    }
    Optional<MinerRecord> registered = ports.directory().miner(miner);
    registered.ifPresent(record -> tls.follow(record.peer().tlsKeyHash()));
    List<String> found = differences(registered);
    next = head + EVERY_BLOCKS;
    if (!found.equals(told)) {
      found.forEach(log::registryDiffers);
    }
    told = found;
  }

  private List<String> differences(Optional<MinerRecord> registered) {
    List<String> found = new ArrayList<>();
    if (registered.isEmpty()) {
      found.add("miner " + miner + " is not registered; its owner runs 'granary miner init'");
      return found;
    }
    MinerRecord record = registered.get();
    if (!record.operator().equals(operator)) {
      found.add(
          "the operator is "
              + record.operator()
              + ", but this node's key is "
              + operator
              + ": its transactions are refused; take the key file that belongs to the operator");
    }
    if (!tls.shows(record.peer().tlsKeyHash())) {
      found.add(
          "the TLS key's hash is "
              + record.peer().tlsKeyHash()
              + ", but this node's is "
              + tls.tlsKeyHash()
              + ": clients refuse it; bring back the TLS files that belong to it, or the owner runs 'granary miner rotate-tls --register "
              + tls.tlsKeyHash()
              + "'");
    }
    if (!record.peer().endpoint().equals(config.advertisedEndpoint())) {
      found.add(
          "the endpoint is "
              + record.peer().endpoint()
              + ", but this node is told to be at "
              + config.advertisedEndpoint()
              + "; the owner runs 'granary miner update --endpoint'");
    }
    return found;
  }
}
