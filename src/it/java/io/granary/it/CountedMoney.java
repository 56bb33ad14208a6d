package io.granary.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.contracts.ChainQueries;
import io.granary.contracts.DevMarket;
import io.granary.miner.money.AccountMoney;
import io.granary.miner.money.DealMoney;
import io.granary.miner.money.Earnings;
import io.granary.miner.money.EarningsReader;
import io.granary.miner.money.Flow;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A miner's profit and loss held against the contract: what came in less what went out is what is
 * there, to the last unit. Tests call it at the end of what they did to a market.
 */
final class CountedMoney {
  private CountedMoney() {}

  /** Counts for every miner that has published; the number of deals compared. */
  static int assertMatches(DevMarket m) {
    ChainQueries q = m.client.queries();
    List<MarketEvent.DealPublished> published = q.publications();
    Set<Address> miners = new LinkedHashSet<>();
    published.forEach(p -> miners.add(p.proposal().miner()));
    int compared = 0;
    for (Address miner : miners) {
      compared += matches(q, miner, Set.of(m.operatorKey.address(), m.clientKey.address()));
    }
    assertEquals(published.size(), compared);
    return compared;
  }

  private static int matches(ChainQueries q, Address miner, Set<Address> others) {
    EarningsReader reader = new EarningsReader(q, q, q, q);
    long head = q.head().number().value();
    Earnings all = reader.read(miner, others, 0, Long.MAX_VALUE, List.of());
    assertEquals(List.of(), all.check().differences());
    assertTrue(all.check().agrees());

    AccountMoney end = all.end().account(miner);
    assertEquals(balance(end, all.flow()), q.account(miner).balance().units());
    Flow f = all.flow();
    BigInteger collateral = BigInteger.ZERO;
    for (DealMoney d : all.deals()) {
      DealSnapshot actual = q.deal(d.id()).orElseThrow();
      assertEquals(actual.state(), d.state());
      if (!d.state().isFinal()) {
        collateral = collateral.add(actual.collateral().units());
      }
    }
    assertEquals(collateral, f.locked().minus(f.lost()).minus(f.returned()).units());
    assertEquals(collateral, all.end().sum(DealMoney::locked).units());

    // Two parts are the whole, wherever it is cut.
    long middle = (all.from() + head) / 2;
    Earnings first = reader.read(miner, others, 0, middle, List.of());
    Earnings second = reader.read(miner, others, middle + 1, Long.MAX_VALUE, List.of());
    assertEquals(f, first.flow().plus(second.flow()));
    assertEquals(all.spent().fee(), first.spent().fee().add(second.spent().fee()));
    assertEquals(first.end().accounts(), second.start().accounts());
    return all.deals().size();
  }

  private static BigInteger balance(AccountMoney a, Flow f) {
    TokenAmount in = a.deposited().plus(f.earned()).plus(f.returned()).plus(a.tips());
    TokenAmount out = a.withdrawn().plus(f.locked());
    return in.units().add(a.asClient()).subtract(out.units());
  }
}
