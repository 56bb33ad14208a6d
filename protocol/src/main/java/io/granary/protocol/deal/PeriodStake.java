package io.granary.protocol.deal;

import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.util.Collection;

/**
 * What depends on a miner's proof of one period (Protocol §5.5).
 *
 * @param deals active deals that the period counts for
 * @param pay what they pay when it is proved, each rounded down
 * @param slash what is cut from their collateral when it is missed
 */
public record PeriodStake(int deals, TokenAmount pay, TokenAmount slash) {
  /** Of these deals of one miner; those that the period does not count for add nothing. */
  public static PeriodStake of(Period period, Collection<DealSnapshot> deals, MarketTerms terms) {
    int count = 0;
    TokenAmount pay = TokenAmount.ZERO;
    TokenAmount slash = TokenAmount.ZERO;
    for (DealSnapshot d : deals) {
      if (covers(d, period)) {
        count++;
        pay = pay.plus(d.price().share(1, d.periods()));
        slash = slash.plus(Pricing.slashPerMiss(d.price(), d.periods(), terms.missPenaltyBps()));
      }
    }
    return new PeriodStake(count, pay, slash);
  }

  /** Whether a period counts for a deal as it stands. */
  public static boolean covers(DealSnapshot d, Period period) {
    return d.state() == DealState.ACTIVE
        && period.compareTo(d.start()) >= 0
        && period.compareTo(d.end()) < 0;
  }

  /** What a miss costs: the pay that returns to the clients, and the slash. */
  public TokenAmount miss() {
    return pay.plus(slash);
  }
}
