package io.granary.miner.engine;

import io.granary.miner.MinerPorts;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.storage.DealBook;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.values.DealId;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** What the chain says of this miner's deals, read again only as often as it can matter. */
final class ChainDeals {
  private record Seen(Optional<DealSnapshot> snapshot, long head) {}

  private final MinerPorts ports;
  private final DealBook book;
  private final Map<DealId, Seen> seen = new ConcurrentHashMap<>();

  ChainDeals(MinerPorts ports, DealBook book) {
    this.ports = ports;
    this.book = book;
  }

  /** Reads what is due at a head. */
  void refresh(long head) {
    // An active deal changes by its own periods; eight looks a period are plenty.
    long patience = Math.max(1, ports.reader().terms().periodBlocks() / 8);
    for (StoredDeal deal : book.all()) {
      if (deal.isOver()) {
        seen.remove(deal.id());
        continue;
      }
      Seen before = seen.get(deal.id());
      // Nothing changes while the head stays; what a reorg changes is forgotten when it is told.
      boolean due =
          before == null
              || head < before.head()
              || head - before.head() >= (deal.stage() == DealStage.ACTIVE ? patience : 1);
      if (due) {
        seen.put(deal.id(), new Seen(ports.reader().deal(deal.id()), head));
      }
    }
  }

  /** Reads a deal again at the next refresh. */
  void forget(DealId id) {
    seen.remove(id);
  }

  Optional<DealSnapshot> find(DealId id) {
    return Optional.ofNullable(seen.get(id)).flatMap(Seen::snapshot);
  }
}
