package io.granary.contracts.differential;

import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import java.math.BigInteger;

/** Declared faults as the protocol says (§5.8), for {@link PlainMarket}. */
final class PlainFaults {
  private final PlainMarket market;

  PlainFaults(PlainMarket market) {
    this.market = market;
  }

  /** One too many, or nothing is left that could pay for one more. */
  boolean tooLong(PlainMarket.Deal d) {
    return d.faultyPeriods > market.terms.maxFaultyPeriods() || d.collateral.signum() == 0;
  }

  /** A faulty period is closed from its challenge block on. */
  void settle(PlainMarket.Deal d, long most, long block) {
    long closed = Math.min(market.clock.nextDuty(block), d.end);
    for (long n = 0; n < most && d.cursor < closed && !tooLong(d); n++) {
      market.give(
          d.client,
          PlainMarket.part(d.price, d.unproved + 1, d.periods)
              .subtract(PlainMarket.part(d.price, d.unproved, d.periods)));
      BigInteger fee = PlainMarket.cutOf(d.price, d.periods, market.terms.faultFeeBps());
      market.cut(d, fee);
      d.unproved++;
      d.cursor++;
      d.faultyPeriods++;
    }
  }

  String declare(DealId id, Address sender, long block) {
    PlainMarket.Deal d = market.deals.get(id);
    if (d == null || d.state != DealState.ACTIVE) {
      return "WrongState";
    }
    if (!market.mayAct(sender)) {
      return "NotMiner";
    }
    if (market.frozen(block)) {
      return "SetFrozenUntil";
    }
    return market.attempt(
        () -> {
          market.settle(d, 1024, block);
          String refused = closed(d, block);
          if (refused.isEmpty()) {
            d.state = DealState.FAULTY;
            d.faultySince = d.cursor;
            d.faultyPeriods = 0;
            d.inSet = false;
          }
          return refused;
        });
  }

  String recover(DealId id, Address sender, boolean opened, long block) {
    PlainMarket.Deal d = market.deals.get(id);
    if (d == null || d.state != DealState.FAULTY) {
      return "WrongState";
    }
    if (!market.mayAct(sender)) {
      return "NotMiner";
    }
    if (market.frozen(block)) {
      return "SetFrozenUntil";
    }
    return market.attempt(
        () -> {
          market.settle(d, 1024, block);
          String refused = closed(d, block);
          if (!refused.isEmpty()) {
            return refused;
          }
          // The latest challenge block draws, and it lies after the declaration.
          long drawnBy = Math.max(market.clock.nextDuty(block) - 1, d.faultySince);
          if (block <= market.clock.challengeBlock(drawnBy)) {
            return "RecoveryTooSoon";
          }
          if (!opened) {
            return "BadRecovery";
          }
          d.state = DealState.ACTIVE;
          d.inSet = true;
          d.entryEnd = d.end;
          return PlainMarket.OK;
        });
  }

  private String closed(PlainMarket.Deal d, long block) {
    if (market.defaulted(d)) {
      return "Defaulted";
    }
    if (d.cursor >= d.end) {
      return "PastEnd";
    }
    return d.cursor < market.clock.nextDuty(block) ? "Unsettled" : PlainMarket.OK;
  }
}
