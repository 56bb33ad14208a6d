package io.granary.client.plan;

import io.granary.protocol.chain.ChainReader;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MarketHistory;
import io.granary.protocol.chain.MarketReader;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The miners' records, counted from the market's own events: what everybody settled with a miner,
 * not only this wallet.
 */
public final class TrackRecords {
  /**
   * How far back. On a public network a period is a day: a month of logs is some tens of pages, a
   * few seconds, however old the market is. A miner that lost a replica is not forgotten sooner.
   */
  public static final int LOOK_BACK_PERIODS = 30;

  /**
   * How many deals that were activated before the look-back are asked for their miner, one call
   * each; newest settlements first. The settlements of further ones are not counted.
   */
  public static final int MAX_LOOK_UPS = 200;

  private final MarketReader reader;
  private final Map<DealId, Optional<Address>> miners = new HashMap<>();
  private final Map<Address, TrackRecord> records = new HashMap<>();
  private int lookUps;

  private TrackRecords(MarketReader reader) {
    this.reader = reader;
  }

  /** Records of all miners of which something is known. */
  public static Map<Address, TrackRecord> read(
      ChainReader chain, MarketReader reader, MarketHistory history) {
    BlockNumber head = chain.head().number();
    long blocks = (long) LOOK_BACK_PERIODS * reader.terms().periodBlocks();
    long from = Math.max(head.minus(blocks).value(), history.deployedAt().value());
    TrackRecords counted = new TrackRecords(reader);
    counted.count(history.events(new BlockNumber(from), head));
    return Map.copyOf(counted.records);
  }

  private void count(List<MarketEvent> events) {
    events.forEach(this::learnMiner);
    // Terminations first: whatever the look-ups are spent on, a lost replica is known.
    events.reversed().forEach(this::countTermination);
    events.reversed().forEach(this::countSettlement);
  }

  private void learnMiner(MarketEvent event) {
    if (event instanceof MarketEvent.DealActivated a) {
      miners.put(a.dealId(), Optional.of(a.miner()));
    }
  }

  private void countTermination(MarketEvent event) {
    if (event instanceof MarketEvent.DealTerminated t) {
      add(t.dealId(), new TrackRecord(0, 0, 1));
    }
  }

  private void countSettlement(MarketEvent event) {
    if (event instanceof MarketEvent.DealSettled s) {
      long periods = s.to().index() - s.from().index();
      add(s.dealId(), new TrackRecord(s.proved(), periods - s.proved() - s.excused(), 0));
    }
  }

  private void add(DealId id, TrackRecord more) {
    minerOf(id).ifPresent(miner -> records.merge(miner, more, TrackRecord::plus));
  }

  private Optional<Address> minerOf(DealId id) {
    Optional<Address> known = miners.get(id);
    if (known != null) {
      return known;
    }
    if (lookUps == MAX_LOOK_UPS) {
      return Optional.empty();
    }
    lookUps++;
    Optional<Address> miner = reader.deal(id).map(DealSnapshot::miner);
    miners.put(id, miner);
    return miner;
  }
}
