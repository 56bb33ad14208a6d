package io.granary.client.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.granary.client.testing.ModelMarket;
import io.granary.protocol.values.Address;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TrackRecordsTest {
  private static final Address ONE = ModelMarket.address(1);
  private static final Address TWO = ModelMarket.address(2);
  private static final long LOOK_BACK = (long) TrackRecords.LOOK_BACK_PERIODS * ModelMarket.PERIOD;

  private final ModelMarket market = new ModelMarket();

  private Map<Address, TrackRecord> records() {
    return TrackRecords.read(market, market, market);
  }

  @Test
  void what_anybody_settled_and_terminated_counts_for_the_deals_miner() {
    market.activated(90, ModelMarket.dealId(1), ONE);
    market.activated(80, ModelMarket.dealId(2), ONE);
    market.activated(80, ModelMarket.dealId(3), TWO);
    market.settled(70, ModelMarket.dealId(1), 5, 1);
    market.settled(60, ModelMarket.dealId(2), 3, 0);
    market.settled(50, ModelMarket.dealId(1), 2, 2);
    market.settled(40, ModelMarket.dealId(3), 0, 4);
    market.terminated(40, ModelMarket.dealId(3));
    assertEquals(Map.of(ONE, new TrackRecord(10, 3, 0), TWO, new TrackRecord(0, 4, 1)), records());
    assertEquals(0, market.dealReads());
  }

  @Test
  void announced_maintenance_is_no_miss() {
    market.activated(90, ModelMarket.dealId(1), ONE);
    market.settled(70, ModelMarket.dealId(1), 5, 1, 3);
    assertEquals(Map.of(ONE, new TrackRecord(5, 1, 0)), records());
  }

  @Test
  void nothing_before_the_look_back_counts() {
    market.activated(90, ModelMarket.dealId(1), ONE);
    market.settled(LOOK_BACK + 1, ModelMarket.dealId(1), 5, 1);
    market.settled(LOOK_BACK, ModelMarket.dealId(1), 1, 0);
    assertEquals(Map.of(ONE, new TrackRecord(1, 0, 0)), records());
  }

  @Test
  void a_deal_that_was_activated_before_is_looked_up_once() {
    market.put(ModelMarket.dealId(1), ONE);
    market.settled(30, ModelMarket.dealId(1), 5, 1);
    market.settled(20, ModelMarket.dealId(1), 5, 1);
    market.settled(10, ModelMarket.dealId(9), 1, 1);
    assertEquals(Map.of(ONE, new TrackRecord(10, 2, 0)), records());
    assertEquals(2, market.dealReads());
  }

  @Test
  void look_ups_are_bounded_and_spent_on_terminations_and_the_newest_first() {
    for (int i = 0; i <= TrackRecords.MAX_LOOK_UPS; i++) {
      market.put(ModelMarket.dealId(i), i < 2 ? ONE : TWO);
    }
    market.terminated(500, ModelMarket.dealId(0));
    for (int i = 1; i <= TrackRecords.MAX_LOOK_UPS; i++) {
      market.settled(400 - i, ModelMarket.dealId(i), 1, 0);
    }
    assertEquals(
        Map.of(
            ONE,
            new TrackRecord(0, 0, 1),
            TWO,
            new TrackRecord(TrackRecords.MAX_LOOK_UPS - 1, 0, 0)),
        records());
    assertEquals(TrackRecords.MAX_LOOK_UPS, market.dealReads());
  }
}
