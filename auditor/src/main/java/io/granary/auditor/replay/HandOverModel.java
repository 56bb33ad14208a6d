package io.granary.auditor.replay;

import io.granary.proofs.Hash32;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.DealKey;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** Hand-overs as the protocol says they work (Protocol §3.9), for {@link MarketModel}. */
final class HandOverModel {
  private final MarketModel market;
  private final MarketTerms terms;
  private final Map<DealKey, MarketEvent.HandOverAnnounced> announced = new HashMap<>();

  HandOverModel(MarketModel market, MarketTerms terms) {
    this.market = market;
    this.terms = terms;
  }

  private long notice() {
    return terms.maxMissRun() + 1L;
  }

  boolean isPending(ModelDeal old, long block) {
    ModelDeal next = old.successor;
    return next != null
        && next.state == DealState.PUBLISHED
        && block <= next.terms.activateBy().value();
  }

  void requireNotPending(MarketEvent e, ModelDeal d) {
    MarketModel.require(
        e, "pending hand-over of " + d.id, false, isPending(d, e.at().block().value()));
  }

  private ModelDeal old(MarketEvent e, DealProposal p) {
    ModelDeal old = market.deals.get(DealKey.of(new DealId(p.replaces())));
    if (old == null) {
      throw Finding.at(e, "deal replaced by " + p.replaces(), "published before", "never seen");
    }
    return old;
  }

  /**
   * What a publication locks of its price: all but what the old escrow is good for whatever comes.
   */
  BigInteger due(MarketEvent.DealPublished e, DealProposal p, long block) {
    ModelDeal old = old(e, p);
    PeriodClock clock = market.clock(old.terms.miner());
    boolean good =
        old.state.isRunning()
            && old.terms.client().equals(p.client())
            && !old.terms.miner().equals(p.miner())
            && !isPending(old, block)
            && !old.defaulted()
            && !old.noticed
            && clock.periodAt(block) < old.end
            && p.activateBy().value() > block + terms.sealDelay() + 2L * terms.windowBlocks();
    MarketModel.require(e, "bounds of replacing " + old.id, true, good);
    BigInteger due = due(p, old, clock);
    MarketEvent.HandOverAnnounced told = announced.remove(DealKey.of(e.dealId()));
    MarketModel.require(
        e,
        "announcement of replacing " + old.id + ", and what it locks",
        old.id + " " + due,
        told == null ? "none" : told.dealId() + " " + told.locked().units());
    return due;
  }

  private BigInteger due(DealProposal p, ModelDeal old, PeriodClock clock) {
    long latest = Math.max(old.cursor, clock.periodAt(p.activateBy().value()) + 1) + notice();
    BigInteger price = p.price().units();
    if (latest >= old.end) {
      return price;
    }
    BigInteger cover = old.price.units().subtract(old.share(latest - (old.end - old.periods)));
    return price.subtract(cover.min(price));
  }

  void published(ModelDeal d) {
    if (!d.terms.replaces().equals(Hash32.ZERO)) {
      ModelDeal old = market.deals.get(DealKey.of(new DealId(d.terms.replaces())));
      if (old != null) {
        old.successor = d;
      }
    }
  }

  /** Just before the publication that it belongs to. */
  void announced(MarketEvent.HandOverAnnounced e) {
    announced.put(DealKey.of(e.newDealId()), e);
  }

  void waived(MarketEvent.NoticeWaived e) {
    ModelDeal d = market.running(e, e.dealId());
    MarketModel.require(
        e, "miner of " + d.id + " that waives its notice", d.terms.miner(), e.miner());
    MarketModel.require(e, "notice of " + d.id + " waived once", false, d.waived);
    d.waived = true;
  }

  /** Between the settlement of the old deal and the activation of the new one. */
  void handedOver(MarketEvent.DealHandedOver e) {
    ModelDeal old = market.running(e, e.dealId());
    ModelDeal next = market.deal(e, e.newDealId(), DealState.PUBLISHED);
    long block = e.at().block().value();
    MarketModel.require(
        e, "hand-over of " + old.id + " to the deal that replaces it", true, next == old.successor);
    MarketModel.require(e, "pending hand-over of " + old.id, true, isPending(old, block));
    MarketModel.require(e, "default of " + old.id + " at its hand-over", false, old.defaulted());
    Address miner = old.terms.miner();
    boolean faulty = old.state == DealState.FAULTY;
    long from =
        faulty
            ? Math.max(old.cursor, market.clock(miner).nextDuty(block))
            : market.firstOpen(old, block);
    long end = from + (old.waived ? 0 : notice());
    BigInteger carried = BigInteger.ZERO;
    if (end < old.end) {
      MarketModel.require(
          e,
          "proving set of " + miner + " frozen at a hand-over",
          false,
          !faulty && market.isFrozen(miner, block));
      MarketModel.require(e, "settled periods of " + old.id, from, old.cursor);
      BigInteger price = old.share(end - from);
      carried = old.unspent().subtract(price);
      old.countAnew(end, new TokenAmount(price));
      if (!faulty) {
        market.set(miner).moveEnd(old.id.hash(), end);
      }
    }
    MarketModel.require(
        e, "first period of what is left of " + old.id, old.end - old.periods, e.from().index());
    MarketModel.require(e, "end of " + old.id + " at its hand-over", old.end, e.end().index());
    MarketModel.require(
        e, "price of what is left of " + old.id, old.price.units(), e.price().units());
    MarketModel.require(e, "escrow carried on from " + old.id, carried, e.carried().units());
    old.noticed = true;
    next.held = next.held.add(carried);
    next.tookOver = true;
  }

  void escrowMoved(MarketEvent.EscrowMoved e) {
    ModelDeal old = market.running(e, e.dealId());
    MarketModel.require(
        e, "pending hand-over of " + old.id, true, isPending(old, e.at().block().value()));
    ModelDeal next = Objects.requireNonNull(old.successor);
    MarketModel.require(e, "successor of " + old.id, DealKey.of(next.id), e.successor());
    MarketModel.require(e, "escrow moved from " + old.id, old.unspent(), e.amount().units());
    next.held = next.held.add(e.amount().units());
    old.escrowMoved = true;
  }

  /** Fills the lock of a deal, and says in which period it may begin. */
  long activated(MarketEvent.DealActivated e, ModelDeal d) {
    if (d.terms.replaces().equals(Hash32.ZERO)) {
      return 0;
    }
    ModelDeal old = old(e, d.terms);
    MarketModel.require(
        e, "hand-over of " + old.id + " to " + d.id, old.state.isRunning(), d.tookOver);
    BigInteger excess = d.held.subtract(d.price.units());
    if (excess.signum() < 0) {
      throw Finding.at(e, "price locked of " + d.id, d.price.units(), d.held);
    }
    market.credit(d.terms.client(), excess);
    long stop = old.state.isRunning() ? old.end : old.cursor;
    if (stop == 0) {
      return 0;
    }
    long over = market.clock(old.terms.miner()).periodEnd(stop - 1);
    return market.clock(d.terms.miner()).periodAt(over - 1) + 1;
  }
}
