package io.granary.protocol.lifecycle;

import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealStage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * The miner's planner: a pure function from what is known to what is to be done. It looks at
 * states, not at events, so it need not be called for every block, and a restart or a reorg changes
 * nothing but its input.
 */
public final class DealLifecycle {
  private DealLifecycle() {}

  /** What is to be done now. */
  public static List<DealAction> actionsAt(ChainView view, Collection<MinerDeal> deals) {
    List<DealAction> actions = new ArrayList<>();
    for (MinerDeal deal : deals) {
      actionFor(view, deal).ifPresent(actions::add);
      purge(view, deal).ifPresent(actions::add);
    }
    return actions;
  }

  private static Optional<DealAction> actionFor(ChainView view, MinerDeal deal) {
    if (deal.stage() == DealStage.ENDED || deal.stage() == DealStage.FAILED) {
      return Optional.empty();
    }
    if (deal.onChain().isEmpty()) {
      return beforePublishing(view, deal);
    }
    DealSnapshot chain = deal.onChain().get();
    return switch (chain.state()) {
      case NONE -> beforePublishing(view, deal);
      case PUBLISHED -> published(view, deal, chain);
      case ACTIVE -> active(view, deal, chain);
      case CANCELLED -> giveUp(deal, "the client cancelled it");
      case EXPIRED -> giveUp(deal, "it was not activated by block " + chain.activateBy());
      case COMPLETED -> delete(deal, chain, "completed");
      case TERMINATED ->
          delete(deal, chain, "terminated after " + chain.missRun() + " misses in a row");
    };
  }

  private static Optional<DealAction> giveUp(MinerDeal deal, String reason) {
    return Optional.of(new DealAction.GiveUp(deal.id(), reason));
  }

  /** An entry that is still in the set can still be drawn: its data stays until it was purged. */
  private static Optional<DealAction> delete(MinerDeal deal, DealSnapshot chain, String reason) {
    return chain.removed()
        ? Optional.of(new DealAction.Delete(deal.id(), reason))
        : Optional.empty();
  }

  private static Optional<DealAction> beforePublishing(ChainView view, MinerDeal deal) {
    DealProposal p = deal.proposal();
    if (view.next() > p.publishBy().value()) {
      return giveUp(deal, "block " + p.publishBy() + " passed before it could be published");
    }
    long room = view.next() + view.terms().sealDelay() + view.terms().windowBlocks() + 1;
    if (p.activateBy().value() < room) {
      return giveUp(deal, "too few blocks are left to activate it by block " + p.activateBy());
    }
    return switch (deal.stage()) {
      case UPLOADED, SEALING -> Optional.of(new DealAction.Seal(deal.id()));
      // A reorg can take a publication back: then it is published again.
      case SEALED, PUBLISHED, ACTIVE -> Optional.of(new DealAction.Publish(deal.id()));
      case ACCEPTED, ENDED, FAILED -> Optional.empty();
    };
  }

  private static Optional<DealAction> published(
      ChainView view, MinerDeal deal, DealSnapshot chain) {
    if (view.next() > chain.activateBy().value()) {
      return Optional.of(new DealAction.Expire(deal.id()));
    }
    if (view.next() > chain.sealBlock().value() && !view.frozenNext()) {
      return Optional.of(new DealAction.Activate(deal.id()));
    }
    return advance(deal, DealStage.PUBLISHED);
  }

  private static Optional<DealAction> advance(MinerDeal deal, DealStage to) {
    return deal.stage() == to
        ? Optional.empty()
        : Optional.of(new DealAction.Advance(deal.id(), to));
  }

  private static Optional<DealAction> active(ChainView view, MinerDeal deal, DealSnapshot chain) {
    if (chain.missRun() > view.terms().maxMissRun()) {
      // Defaulted: whoever wants the tip terminates it; nothing is left to earn.
      return advance(deal, DealStage.ACTIVE);
    }
    long end = chain.end().index();
    long closed = Math.min(view.closedBefore(), end);
    long due = view.clock().periodEnd(end - 1) + view.terms().collateralHold();
    if (closed == end && view.next() >= due) {
      return Optional.of(new DealAction.Complete(deal.id()));
    }
    long arrears = closed - chain.cursor().index();
    if (arrears >= view.settleEvery() || (closed == end && arrears > 0)) {
      return Optional.of(new DealAction.Settle(deal.id()));
    }
    return advance(deal, DealStage.ACTIVE);
  }

  private static Optional<DealAction> purge(ChainView view, MinerDeal deal) {
    return deal.onChain()
        .filter(c -> c.end().index() > 0 && !c.removed() && !view.frozenNext())
        .filter(c -> c.state().isFinal() || view.clock().nextDuty(view.next()) >= c.end().index())
        .map(c -> new DealAction.Purge(deal.id()));
  }
}
