package io.granary.miner.engine;

import io.granary.miner.MinerConfig;
import io.granary.miner.MinerPorts;
import io.granary.miner.OperatorLog;
import io.granary.proofs.Hash32;
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
  private final Hash32 tlsKeyHash;
  private final OperatorLog log;
  private long next = -1;
  private List<String> told = List.of();

  RegistryWatch(
      MinerConfig config,
      MinerPorts ports,
      Address miner,
      Address operator,
      Hash32 tlsKeyHash,
      OperatorLog log) {
    this.config = config;
    this.ports = ports;
    this.miner = miner;
    this.operator = operator;
    this.tlsKeyHash = tlsKeyHash;
    this.log = log;
  }

  /** Looks at the first block and at every hundredth after it. */
  void look(long head) {
    if (head < next) {
      return;
    }
    List<String> found = differences(ports.directory().miner(miner));
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
    if (!record.peer().tlsKeyHash().equals(tlsKeyHash)) {
      found.add(
          "the TLS key's hash is "
              + record.peer().tlsKeyHash()
              + ", but this node's is "
              + tlsKeyHash
              + ": clients refuse it; the owner runs 'granary miner update' with this folder");
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
