package io.granary.miner.engine;

import io.granary.miner.MinerPorts;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.storage.DealBook;
import io.granary.protocol.chain.MarketReader;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.values.DealId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
    List<DealId> stale = new ArrayList<>();
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
        stale.add(deal.id());
      }
    }
    Map<DealId, DealSnapshot> read = ports.reader().deals(stale);
    stale.forEach(id -> seen.put(id, new Seen(Optional.ofNullable(read.get(id)), head)));
  }

  /** Reads a deal again at the next refresh. */
  void forget(DealId id) {
    seen.remove(id);
  }

  Optional<DealSnapshot> find(DealId id) {
    return Optional.ofNullable(seen.get(id)).flatMap(Seen::snapshot);
  }

  /** Deals that are active here, as the chain has them now. */
  static Map<StoredDeal, DealSnapshot> active(DealBook book, MarketReader reader) {
    Map<DealId, StoredDeal> stored = new LinkedHashMap<>();
    for (StoredDeal deal : book.all()) {
      if (deal.stage() == DealStage.ACTIVE) {
        stored.put(deal.id(), deal);
      }
    }
    Map<StoredDeal, DealSnapshot> active = new LinkedHashMap<>();
    reader
        .deals(stored.keySet())
        .forEach((id, d) -> active.put(Objects.requireNonNull(stored.get(id)), d));
    return active;
  }
}
