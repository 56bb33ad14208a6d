package io.granary.client.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.client.testing.ModelMarket;
import io.granary.proofs.Hash32;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RankingTest {
  private static final RawSize SIZE = new RawSize(127);

  private final List<MinerRecord> miners = new ArrayList<>();
  private final Map<Address, TrackRecord> records = new HashMap<>();

  private static MinerRecord miner(
      int id, long price, long live, boolean accepting, boolean exiting) {
    return new MinerRecord(
        new PeerRecord(ModelMarket.address(id), "127.0.0.1:1", Hash32.ZERO),
        ModelMarket.address(id),
        TokenAmount.ZERO,
        accepting,
        exiting,
        TokenAmount.of(price),
        live);
  }

  private void add(int id, long price, long live) {
    miners.add(miner(id, price, live, true, false));
  }

  private void record(int id, long proved, long missed, long terminated) {
    records.put(ModelMarket.address(id), new TrackRecord(proved, missed, terminated));
  }

  private List<Candidate> ranked() {
    return Ranking.rank(miners, SIZE, 3, TokenAmount.of(100), records);
  }

  /** The miners' numbers, best first, the same from every order of the registry. */
  private List<Integer> order() {
    List<Integer> order = ids(ranked());
    for (int seed = 0; seed < 20; seed++) {
      Collections.shuffle(miners, new Random(seed));
      assertEquals(order, ids(ranked()));
    }
    return order;
  }

  private static List<Integer> ids(List<Candidate> candidates) {
    return candidates.stream()
        .map(c -> Integer.parseInt(c.miner().peer().id().toString().substring(2, 4), 16))
        .toList();
  }

  @Test
  void the_cheapest_comes_first_and_its_price_is_for_all_leaves_and_periods() {
    add(1, 30, 0);
    add(2, 10, 9);
    add(3, 20, 0);
    assertEquals(List.of(2, 3, 1), order());
    assertEquals(TokenAmount.of(10 * 4 * 3), ranked().getFirst().price());
  }

  @Test
  void of_equal_price_the_better_record_then_fewer_deals_then_the_smaller_id() {
    add(5, 10, 0);
    add(4, 10, 1);
    add(3, 10, 0);
    add(2, 10, 0);
    record(2, 50, 20, 0);
    add(1, 10, 7);
    record(1, 50, 19, 0);
    assertEquals(List.of(1, 2, 3, 5, 4), order());
  }

  @Test
  void one_that_lost_a_replica_or_misses_more_than_it_proves_is_asked_last_at_any_price() {
    add(1, 1, 0);
    record(1, 1_000, 3, 1);
    add(2, 2, 0);
    record(2, 4, 5, 0);
    add(3, 99, 0);
    record(3, 5, 5, 0);
    add(4, 50, 0);
    assertEquals(List.of(4, 3, 1, 2), order());
    assertTrue(ranked().stream().allMatch(Candidate::eligible));
  }

  @Test
  void those_that_are_not_asked_come_last_with_the_reason() {
    miners.add(miner(1, 1, 0, false, false));
    miners.add(miner(2, 2, 0, true, true));
    add(3, 101, 0);
    add(4, 100, 0);
    assertEquals(List.of(4, 1, 2, 3), order());
    List<Candidate> ranked = ranked();
    assertEquals("", ranked.get(0).excluded());
    assertEquals("takes no new deals", ranked.get(1).excluded());
    assertEquals("is leaving the market", ranked.get(2).excluded());
    assertEquals("asks 101 units per leaf and period, the cap is 100", ranked.get(3).excluded());
  }
}
