package io.granary.miner.money;

import io.granary.proofs.challenge.PeriodClock;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.util.BitSet;

/**
 * One deal while events are counted. Price, periods and proved are those since the last extension,
 * notice or hand-over (Protocol §3.6, §3.7, §3.9).
 */
final class LedgerDeal {
  final DealId id;
  final DealProposal terms;
  DealState state = DealState.PUBLISHED;
  TokenAmount price;
  long periods;
  long proved;
  long cursor;
  long end;
  TokenAmount collateral;

  /** What is locked of the client's. */
  TokenAmount held;

  /** The held price went to a deal that replaces this one. */
  boolean escrowMoved;

  Flow flow;

  LedgerDeal(DealId id, DealProposal terms, TokenAmount held) {
    this.id = id;
    this.terms = terms;
    this.held = held;
    this.price = terms.price();
    this.periods = terms.periods();
    this.collateral = terms.collateral();
    this.flow = moved(TokenAmount.ZERO, TokenAmount.ZERO, collateral, TokenAmount.ZERO);
  }

  /** A flow of these alone. */
  static Flow moved(
      TokenAmount earned, TokenAmount forfeited, TokenAmount locked, TokenAmount returned) {
    TokenAmount none = TokenAmount.ZERO;
    return new Flow(earned, none, none, none, none, forfeited, locked, returned);
  }

  /** From a period on it has another price for another number of periods. */
  void countAnew(long from, long newEnd, TokenAmount newPrice) {
    price = newPrice;
    periods = newEnd - from;
    proved = 0;
    end = newEnd;
    held = newPrice;
  }

  boolean runs() {
    return state == DealState.ACTIVE || state == DealState.FAULTY;
  }

  /** Pay of so many more proved periods, the market's share taken off. */
  private TokenAmount pay(long more, MarketTerms market) {
    if (periods == 0) {
      return TokenAmount.ZERO;
    }
    TokenAmount before = Pricing.worth(price, proved, periods);
    TokenAmount after = Pricing.worth(price, proved + more, periods);
    int bps = market.priceBurnBps();
    return after.minus(Pricing.burnOf(after, bps)).minus(before.minus(Pricing.burnOf(before, bps)));
  }

  /**
   * As of a block.
   *
   * @param provedPeriods of the miner
   * @param excusedPeriods of the miner
   */
  DealMoney at(
      long block,
      PeriodClock clock,
      BitSet provedPeriods,
      BitSet excusedPeriods,
      MarketTerms market) {
    long won = 0;
    long open = 0;
    if (state == DealState.PUBLISHED) {
      open = periods;
    } else if (state == DealState.ACTIVE && cursor < end) {
      int last = Math.toIntExact(end);
      won = provedPeriods.get(Math.toIntExact(cursor), last).cardinality();
      int first = Math.toIntExact(Math.min(end, Math.max(cursor, clock.periodAt(block))));
      BitSet decided = provedPeriods.get(first, last);
      decided.or(excusedPeriods.get(first, last));
      open = last - first - decided.cardinality();
    }
    boolean over = runs() && cursor >= end;
    TokenAmount unsettled = pay(won, market);
    return new DealMoney(
        id,
        terms.client(),
        state,
        flow,
        unsettled,
        pay(won + open, market).minus(unsettled),
        over ? TokenAmount.ZERO : collateral,
        over ? collateral : TokenAmount.ZERO);
  }
}
