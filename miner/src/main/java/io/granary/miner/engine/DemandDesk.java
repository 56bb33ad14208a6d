package io.granary.miner.engine;

import io.granary.miner.FeeLimits;
import io.granary.miner.MinerPorts;
import io.granary.miner.OperatorLog;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.replica.Reading;
import io.granary.miner.replica.ReplicaReader;
import io.granary.miner.storage.DealBook;
import io.granary.proofs.opening.DualOpening;
import io.granary.protocol.chain.BatchItem;
import io.granary.protocol.chain.BatchResult;
import io.granary.protocol.chain.MinerMarket;
import io.granary.protocol.chain.OpenDemand;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.chain.Urgency;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Answers demands (Protocol §6.1) as soon as they are seen, those that fall due first in front,
 * many in one transaction. Events only say where to look first: all deals are looked at often
 * enough that none is needed, so a restart forgets no demand.
 */
final class DemandDesk {
  /** Answers of one transaction; 20 of the largest pieces stay below three million gas. */
  private static final int BATCH = 20;

  /** Blocks before an answer that was skipped or refused is tried again. */
  private static final long RETRY_BLOCKS = 3;

  /** Looks at all deals in the shortest time to answer; an event tells of a demand at once. */
  private static final int LOOKS = 16;

  private final MinerPorts ports;
  private final FeeLimits limits;
  private final DealBook book;
  private final ReplicaReader replicas;
  private final OperatorLog log;
  private final Map<OpenDemand, Long> notBefore = new HashMap<>();
  // Deals with a demand, as far as it is known: from the last look, or from an event since.
  private final Set<DealId> watched = ConcurrentHashMap.newKeySet();
  private volatile long allAt = -1;
  private volatile long lastHead = -1;

  DemandDesk(
      MinerPorts ports, FeeLimits limits, DealBook book, ReplicaReader replicas, OperatorLog log) {
    this.ports = ports;
    this.limits = limits;
    this.book = book;
    this.replicas = replicas;
    this.log = log;
  }

  /** An event says that there is a demand: it is looked at in the next round. */
  void raised(DealId id) {
    watched.add(id);
  }

  /** A block was taken back: all deals are looked at in the next round. */
  void reverted() {
    allAt = -1;
    lastHead = -1;
  }

  /** One round; nothing is done where the head is as it was. */
  void run() {
    long head = ports.chain().head().number().value();
    if (head == lastHead) {
      return;
    }
    List<OpenDemand> open =
        look(head).stream()
            .filter(d -> d.deadline().value() > head)
            .sorted(Comparator.comparing(OpenDemand::deadline))
            .toList();
    notBefore.keySet().retainAll(Set.copyOf(open));
    List<OpenDemand> due =
        open.stream().filter(d -> notBefore.getOrDefault(d, 0L) <= head).toList();
    for (int from = 0; from < due.size(); from += BATCH) {
      answer(due.subList(from, Math.min(due.size(), from + BATCH)), head);
    }
    // Last, so that a round that the chain cut short is done again.
    lastHead = head;
  }

  /**
   * The demands there are: of all deals some times in the shortest time to answer, between these of
   * those that have one, as far as it is known.
   */
  private List<OpenDemand> look(long head) {
    long patience = Math.max(1, ports.reader().terms().demandBlocks() / LOOKS);
    boolean all = allAt < 0 || head < allAt || head - allAt >= patience;
    Set<DealId> asked = Set.copyOf(watched);
    List<DealId> deals =
        all
            ? book.all().stream().filter(StoredDeal::hasReplica).map(StoredDeal::id).toList()
            : asked.stream()
                .filter(id -> book.find(id).filter(StoredDeal::hasReplica).isPresent())
                .toList();
    List<OpenDemand> found = deals.isEmpty() ? List.of() : ports.reader().demands(deals);
    if (all) {
      allAt = head;
    }
    // Those that an event named meanwhile stay.
    watched.removeAll(asked);
    found.forEach(d -> watched.add(d.dealId()));
    return found;
  }

  private void answer(List<OpenDemand> demands, long head) {
    List<OpenDemand> opened = new ArrayList<>();
    List<MinerMarket.Answer> answers = new ArrayList<>();
    for (OpenDemand demand : demands) {
      log.demanded(demand);
      StoredDeal deal = book.find(demand.dealId()).orElseThrow();
      Optional<byte[]> openings = open(deal, demand);
      if (openings.isPresent()) {
        opened.add(demand);
        answers.add(new MinerMarket.Answer(deal.terms(), demand.byAuditor(), openings.get()));
      } else {
        // The tree may be built again, or the operator may restore the replica, in time.
        notBefore.put(demand, head + RETRY_BLOCKS);
      }
    }
    if (!answers.isEmpty()) {
      note(opened, ports.market().answer(answers, urgency(opened)), head);
    }
  }

  /** Until the first of them falls due, for what would be forfeit of all of them. */
  private Urgency urgency(List<OpenDemand> demands) {
    TokenAmount atStake = TokenAmount.ZERO;
    for (DealSnapshot d :
        ports.reader().deals(demands.stream().map(OpenDemand::dealId).toList()).values()) {
      atStake = atStake.plus(d.collateral());
    }
    return Urgency.by(demands.getFirst().deadline(), limits.most(atStake));
  }

  private Optional<byte[]> open(StoredDeal deal, OpenDemand demand) {
    return switch (replicas.openBoth(deal, List.of(demand.leaf().value()))) {
      case Reading.Good<List<DualOpening>> good -> Optional.of(DualOpening.pack(good.value()));
      case Reading.Damaged<List<DualOpening>> damaged -> {
        log.damaged(
            deal.id(),
            "answer due by block " + demand.deadline() + ", or the collateral is lost",
            damaged.reason());
        yield Optional.empty();
      }
    };
  }

  private void note(List<OpenDemand> demands, BatchResult result, long head) {
    switch (result.tx()) {
      case TxResult.Refused refused -> {
        log.refused("answer", refused);
        demands.forEach(d -> notBefore.put(d, head + RETRY_BLOCKS));
      }
      case TxResult.Confirmed tx -> {
        log.sent("answer", demands.size(), tx);
        for (int i = 0; i < demands.size(); i++) {
          BatchItem item = result.items().get(i);
          // Somebody else may send a miner's answer; the bond is the miner's all the same.
          if (!item.ok() && !item.skipped().equals("NoDemand")) {
            log.skipped("answer", item.dealId(), item.skipped());
            notBefore.put(demands.get(i), head + RETRY_BLOCKS);
          }
        }
      }
    }
  }
}
