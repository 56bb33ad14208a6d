package io.granary.miner.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.testing.ModelChain;
import io.granary.proofs.Hash32;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A fault is declared when keeping quiet is likely to cost more, and only then. */
class FaultPolicyTest {
  private static final Address MINER = EthKey.generate().address();
  private static final MarketTerms TERMS = new ModelChain(MINER).terms();

  private static DealSnapshot deal(int n, long price) {
    return new DealSnapshot(
        DealId.parse("0x" + String.format("%064x", n)),
        DealState.ACTIVE,
        MINER,
        MINER,
        TokenAmount.of(price),
        TokenAmount.of(price),
        100,
        new Period(0),
        new Period(100),
        new Period(0),
        0,
        0,
        0,
        new BlockNumber(0),
        new BlockNumber(0),
        Hash32.ZERO,
        false,
        false,
        new Period(0));
  }

  @Test
  void a_lost_replica_among_many_deals_is_declared() {
    List<DealSnapshot> deals = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      deals.add(deal(i, 1_000_000));
    }
    FaultPolicy.Costs costs = FaultPolicy.costs(deals.getFirst(), deals, 1 << 20, 10 << 20, TERMS);
    // One leaf in ten is lost.
    assertEquals(1 - Math.pow(0.9, TERMS.challenges()), costs.drawn(), 1e-9);
    assertTrue(costs.worthDeclaring(), costs::toString);
  }

  @Test
  void one_rotten_megabyte_of_a_large_set_is_not() {
    List<DealSnapshot> deals = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      deals.add(deal(i, 1_000_000));
    }
    FaultPolicy.Costs costs = FaultPolicy.costs(deals.getFirst(), deals, 1 << 15, 10L << 30, TERMS);
    assertTrue(costs.drawn() < 1e-4);
    assertFalse(costs.worthDeclaring(), costs::toString);
  }

  @Test
  void the_only_deal_is_declared_when_the_fee_is_below_the_slash() {
    DealSnapshot only = deal(1, 1_000_000);
    FaultPolicy.Costs costs = FaultPolicy.costs(only, List.of(only), 100, 100, TERMS);
    assertEquals(1, costs.drawn());
    assertEquals(TERMS.faultFeeBps() < TERMS.missPenaltyBps(), costs.worthDeclaring());
  }
}
