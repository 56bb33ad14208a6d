package io.granary.miner.engine;

import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.Pricing;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Collection;

/** Whether a damaged replica is better declared than kept in the draws (Protocol §5.8). */
final class FaultPolicy {
  private FaultPolicy() {}

  /**
   * What a period costs, seen from before its challenge block, in token units.
   *
   * @param drawn probability that a draw of the period hits a damaged leaf: then no deal is proved
   * @param kept what is lost on average when nothing is declared: pay and slash of all deals, as
   *     often as that
   * @param declared pay and fee of the damaged deal, for certain
   */
  record Costs(double drawn, BigDecimal kept, BigDecimal declared) {
    boolean worthDeclaring() {
      return kept.compareTo(declared) > 0;
    }
  }

  /**
   * Of one damaged deal.
   *
   * @param active all active deals of the miner, the damaged one among them, and their leaves
   * @param damagedLeaves leaves of the damaged deal that do not open
   * @param allLeaves leaves of all active deals, which is what is drawn from
   */
  static Costs costs(
      DealSnapshot damaged,
      Collection<DealSnapshot> active,
      long damagedLeaves,
      long allLeaves,
      MarketTerms terms) {
    double share = Math.min(1, (double) damagedLeaves / Math.max(1, allLeaves));
    double drawn = 1 - Math.pow(1 - share, terms.challenges());
    BigDecimal all =
        active.stream()
            .map(d -> pay(d).add(slash(d, terms)))
            .reduce(BigDecimal.ZERO, BigDecimal::add);
    BigDecimal fee =
        new BigDecimal(Pricing.faultFee(damaged.price(), damaged.periods(), terms).units());
    return new Costs(drawn, all.multiply(BigDecimal.valueOf(drawn)), pay(damaged).add(fee));
  }

  private static BigDecimal pay(DealSnapshot d) {
    return new BigDecimal(d.price().units())
        .divide(BigDecimal.valueOf(d.periods()), MathContext.DECIMAL64);
  }

  private static BigDecimal slash(DealSnapshot d, MarketTerms terms) {
    return new BigDecimal(
        Pricing.slashPerMiss(d.price(), d.periods(), terms.missPenaltyBps()).units());
  }
}
