package io.granary.client.plan;

import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Orders miners for a deal: a pure function, so that its reasons can be shown. */
public final class Ranking {
  private static final Comparator<Candidate> ORDER =
      Comparator.comparing(Candidate::eligible, Comparator.reverseOrder())
          .thenComparing(c -> c.record().isBad())
          .thenComparing(Candidate::price)
          .thenComparing(c -> c.record().score(), Comparator.reverseOrder())
          .thenComparing(c -> c.miner().liveDeals())
          .thenComparing(c -> c.miner().peer().id().toString());

  private Ranking() {}

  /**
   * Those that may be asked first; of these the ones without a bad record, then the cheapest; of
   * equal price the one with more proved and fewer missed periods, then fewer live deals, then by
   * id.
   *
   * @param records of the miners of which something is known
   */
  public static List<Candidate> rank(
      List<MinerRecord> miners,
      RawSize size,
      long periods,
      TokenAmount maxPricePerLeafPeriod,
      Map<Address, TrackRecord> records) {
    return miners.stream()
        .map(
            m ->
                new Candidate(
                    m,
                    Pricing.price(m.pricePerLeafPeriod(), size, periods),
                    records.getOrDefault(m.peer().id(), TrackRecord.NONE),
                    exclusion(m, maxPricePerLeafPeriod)))
        .sorted(ORDER)
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
