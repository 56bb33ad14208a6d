package io.granary.protocol.deal;

import io.granary.proofs.challenge.PeriodClock;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;

/**
 * What becomes of a faulty deal, and when (Protocol §5.8).
 *
 * @param since first faulty period
 * @param fee of each period, in token units
 * @param last the faulty period with which the deal is defaulted: one too many, or the one whose
 *     fee takes the last of the collateral; the deal's end or later when it ends before
 */
public record DeclaredFault(
    Period since, TokenAmount fee, Period last, Period end, PeriodClock clock) {
  /**
   * Of a deal as the contract has it.
   *
   * @throws IllegalArgumentException when it is not faulty
   */
  public static DeclaredFault of(DealSnapshot deal, MarketTerms terms, PeriodClock clock) {
    if (deal.state() != DealState.FAULTY) {
      throw new IllegalArgumentException("deal " + deal.id() + " is " + deal.state());
    }
    if (deal.periods() == 0) {
      // Handed over without notice: no period is left that could cost a fee.
      return new DeclaredFault(deal.faultySince(), TokenAmount.ZERO, deal.end(), deal.end(), clock);
    }
    TokenAmount fee = Pricing.faultFee(deal.price(), deal.periods(), terms);
    BigInteger lasts =
        deal.collateral()
            .units()
            .add(fee.units())
            .subtract(BigInteger.ONE)
            .divide(fee.units())
            .min(BigInteger.valueOf(terms.maxPeriods()));
    long unpaid = deal.cursor().index() + lasts.longValueExact() - 1;
    long tooMany = deal.faultySince().index() + terms.maxFaultyPeriods();
    return new DeclaredFault(
        deal.faultySince(), fee, new Period(Math.min(unpaid, tooMany)), deal.end(), clock);
  }

  /** Faulty periods that nothing can save any more, seen from the next block after a head. */
  public long lost(BlockNumber head) {
    long drawn =
        Math.min(clock.nextDuty(head.value() + 1), Math.min(last.index() + 1, end.index()));
    return Math.max(0, drawn - since.index());
  }

  /** Periods that may still be lost without a default. */
  public long left(BlockNumber head) {
    return Math.max(0, last.index() - since.index() - lost(head));
  }

  /** True when only a termination is left, in the next block after a head. */
  public boolean isDefaulted(BlockNumber head) {
    return last.compareTo(end) < 0 && clock.nextDuty(head.value() + 1) > last.index();
  }

  /** First block in which a recovery can be mined, unless the set is frozen then. */
  public BlockNumber firstBlock() {
    return new BlockNumber(clock.challengeBlock(since.index()) + 1);
  }

  /** Last block in which a recovery can be mined, unless the set is frozen then. */
  public BlockNumber lastBlock() {
    long until = Math.min(last.index(), end.index() - 1);
    return new BlockNumber(clock.challengeBlock(until) - 1);
  }
}
