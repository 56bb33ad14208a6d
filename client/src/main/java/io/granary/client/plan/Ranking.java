package io.granary.client.plan;

import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.values.TokenAmount;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToLongFunction;

/** Orders miners for a deal: a pure function, so that its reasons can be shown. */
public final class Ranking {
  private Ranking() {}

  /**
   * Cheapest first; of equal price the one with more proved and fewer missed periods, then fewer
   * live deals, then by id.
   *
   * @param score proved less missed periods of a miner's settled deals, as far as they are known
   */
  public static List<Candidate> rank(
      List<MinerRecord> miners,
      RawSize size,
      long periods,
      TokenAmount maxPricePerLeafPeriod,
      ToLongFunction<MinerRecord> score) {
    Comparator<Candidate> order =
        Comparator.comparing(Candidate::eligible, Comparator.reverseOrder())
            .thenComparing(Candidate::price)
            .thenComparing(c -> -score.applyAsLong(c.miner()))
            .thenComparing(c -> c.miner().liveDeals())
            .thenComparing(c -> c.miner().peer().id().toString());
    return miners.stream()
        .map(
            m ->
                new Candidate(
                    m,
                    Pricing.price(m.pricePerLeafPeriod(), size, periods),
                    exclusion(m, maxPricePerLeafPeriod)))
        .sorted(order)
        .toList();
  }

  private static String exclusion(MinerRecord m, TokenAmount max) {
    if (m.exiting()) {
      return "is leaving the market";
    }
    if (!m.accepting()) {
      return "takes no new deals";
    }
    if (max.isLessThan(m.pricePerLeafPeriod())) {
      return "asks "
          + m.pricePerLeafPeriod().units()
          + " units per leaf and period, the cap is "
          + max.units();
    }
    return "";
  }
}
