package io.granary.miner.engine;

import io.granary.miner.MinerPorts;
import io.granary.miner.OperatorLog;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.DeclaredFault;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;

/**
 * The deals of other miners that this one's deals replace (Protocol §3.9), looked at just before an
 * activation: one that is skipped costs gas.
 */
final class Predecessors {
  private final MinerPorts ports;
  private final OperatorLog log;

  Predecessors(MinerPorts ports, OperatorLog log) {
    this.ports = ports;
    this.log = log;
  }

  /**
   * True when an activation in the next block would be skipped for the old deal's sake. One that
   * has defaulted has to be terminated first; whoever does it has the tip.
   */
  boolean standsInTheWay(DealProposal p, long head) {
    return p.predecessor()
        .flatMap(id -> ports.reader().deal(id))
        .filter(old -> old.state().isRunning())
        .filter(old -> blocks(old, p, head))
        .isPresent();
  }

  private boolean blocks(DealSnapshot old, DealProposal p, long head) {
    if (old.state() == DealState.FAULTY) {
      // It has nothing in the set, so no freeze is waited for.
      return DeclaredFault.of(old, ports.reader().terms(), ports.reader().clock(old.miner()))
              .isDefaulted(new BlockNumber(head))
          && !terminated(old.id());
    }
    if (old.missRun() > ports.reader().terms().maxMissRun()) {
      return !terminated(old.id());
    }
    // In the last block nothing is left to wait for: an end that does not move needs no free set.
    return head + 1 < p.activateBy().value() && ports.reader().isFrozen(old.miner());
  }

  private boolean terminated(DealId id) {
    return switch (ports.market().terminate(id)) {
      case TxResult.Confirmed tx -> {
        log.sent("terminate", 1, tx);
        yield true;
      }
      case TxResult.Refused refused -> {
        log.refused("terminate", refused);
        yield false;
      }
    };
  }
}
