package io.granary.contracts.differential;

import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;

/**
 * Demands of a client that is its own auditor as the protocol says (§6.1), for {@link PlainMarket}.
 */
final class PlainDemands {
  /** An open demand. */
  record Open(BigInteger bond, long deadline, long leaf) {}

  private final PlainMarket market;
  final Map<Address, BigInteger> ether = new HashMap<>();
  private long lastDeadline;

  PlainDemands(PlainMarket market) {
    this.market = market;
  }

  BigInteger etherOf(Address owner) {
    return ether.getOrDefault(owner, BigInteger.ZERO);
  }

  String raise(
      DealId id,
      Address client,
      Address sender,
      long leaf,
      BigInteger bond,
      BigInteger least,
      long block) {
    if (!sender.equals(client)) {
      return "NotDemander";
    }
    PlainMarket.Deal d = market.deals.get(id);
    if (d == null || d.state != DealState.ACTIVE) {
      return "WrongState";
    }
    if (block >= market.clock.periodEnd(d.end - 1) + market.terms.collateralHold()) {
      return "DemandsOver";
    }
    if (leaf >= d.leaves) {
      return "LeafOutOfRange";
    }
    if (bond.compareTo(least) < 0) {
      return "BondTooLow";
    }
    if (d.demand != null) {
      return "AlreadyDemanded";
    }
    lastDeadline = Math.max(atEase(block), lastDeadline + market.terms.demandSpacing());
    d.demand = new Open(bond, lastDeadline, leaf);
    return PlainMarket.OK;
  }

  /** demandBlocks from now, or from the end of maintenance that begins before they are over. */
  private long atEase(long block) {
    long deadline = block + market.terms.demandBlocks();
    for (long p = market.clock.periodAt(block); p <= market.clock.periodAt(deadline); p++) {
      if (market.excused.contains(p)) {
        deadline = market.clock.periodEnd(p) + market.terms.demandBlocks();
      }
    }
    return deadline;
  }

  String answer(DealId id, boolean opened, long block) {
    PlainMarket.Deal d = market.deals.get(id);
    Open open = d == null ? null : d.demand;
    if (open == null || !d.state.isRunning()) {
      return "NoDemand";
    }
    if (block > open.deadline()) {
      return "AnswerTooLate";
    }
    if (!opened) {
      return "BadOpening";
    }
    d.demand = null;
    ether.merge(market.miner, open.bond(), BigInteger::add);
    return PlainMarket.OK;
  }

  String resolve(DealId id, Address sender, long block) {
    PlainMarket.Deal d = market.deals.get(id);
    Open open = d == null ? null : d.demand;
    if (open == null) {
      return "NotDemanded";
    }
    if (!d.state.isRunning()) {
      giveBack(d, open);
      return PlainMarket.OK;
    }
    if (block <= open.deadline()) {
      return "DemandPending";
    }
    return market.attempt(
        () -> {
          market.settle(d, 1024, block);
          if (d.cursor < Math.min(market.clock.periodAt(block), d.end) && !market.defaulted(d)) {
            return "Unsettled";
          }
          giveBack(d, open);
          market.takeAll(d, sender, block);
          return PlainMarket.OK;
        });
  }

  private void giveBack(PlainMarket.Deal d, Open open) {
    d.demand = null;
    ether.merge(d.client, open.bond(), BigInteger::add);
  }

  String withdraw(Address owner) {
    if (etherOf(owner).signum() == 0) {
      return "NoEther";
    }
    ether.put(owner, BigInteger.ZERO);
    return PlainMarket.OK;
  }
}
