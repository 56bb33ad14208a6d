package io.granary.protocol.lifecycle;

import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.DeclaredFault;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * The miner's planner: a pure function from what is known to what is to be done. It looks at
 * states, not at events, so it need not be called for every block, and a restart or a reorg changes
 * nothing but its input. Each transaction it plans is one that the contract accepts in the next
 * block; what cannot be undone, deleting data, waits until no reorg can change its reason.
 */
public final class DealLifecycle {
  private DealLifecycle() {}

  /** What is to be done now. */
  public static List<DealAction> actionsAt(ChainView view, Collection<MinerDeal> deals) {
    List<DealAction> actions = new ArrayList<>();
    for (MinerDeal deal : deals) {
      if (deal.stage() != DealStage.ENDED && deal.stage() != DealStage.FAILED) {
        actionFor(view, deal).ifPresent(actions::add);
        purge(view, deal).ifPresent(actions::add);
      }
    }
    return actions;
  }

  private static Optional<DealAction> actionFor(ChainView view, MinerDeal deal) {
    if (deal.onChain().isEmpty()) {
      return beforePublishing(view, deal);
    }
    DealSnapshot chain = deal.onChain().get();
    return switch (chain.state()) {
      case NONE -> beforePublishing(view, deal);
      case PUBLISHED -> published(view, deal, chain);
      case ACTIVE -> active(view, deal, chain);
      case FAULTY -> faulty(view, deal, chain);
      case CANCELLED ->
          giveUp(view, deal, lastToPublish(view, deal.proposal()), "the client cancelled it");
      case EXPIRED ->
          giveUp(
              view,
              deal,
              chain.activateBy().value(),
              "it was not activated by block " + chain.activateBy());
      case COMPLETED -> delete(deal, chain, "completed");
      case TERMINATED ->
          delete(
              deal,
              chain,
              chain.missRun() > view.terms().maxMissRun()
                  ? "terminated after " + chain.missRun() + " misses in a row"
                  : "terminated for a fault that lasted too long, a demand without an answer, or a leaf that was sealed wrong");
    };
  }

  /**
   * Before the miner could publish, nothing on any branch of the chain can need the data. After
   * that, one may: until {@code last}, the block that decided it, is buried.
   */
  private static Optional<DealAction> giveUp(
      ChainView view, MinerDeal deal, long last, String reason) {
    boolean neverPublished = deal.stage().compareTo(DealStage.SEALED) < 0;
    return neverPublished || view.isBuried(last)
        ? Optional.of(new DealAction.GiveUp(deal.id(), reason))
        : Optional.empty();
  }

  /** An entry that is still in the set can still be drawn: its data stays until it was purged. */
  private static Optional<DealAction> delete(MinerDeal deal, DealSnapshot chain, String reason) {
    return chain.removed()
        ? Optional.of(new DealAction.Delete(deal.id(), reason))
        : Optional.empty();
  }

  private static Optional<DealAction> beforePublishing(ChainView view, MinerDeal deal) {
    DealProposal p = deal.proposal();
    long activateBy = p.activateBy().value();
    long last = lastToPublish(view, p);
    if (view.next() > last) {
      return giveUp(
          view,
          deal,
          last,
          last == p.publishBy().value()
              ? "block " + last + " passed before it could be published"
              : "too few blocks are left to activate it by block " + activateBy);
    }
    long first = activateBy - view.terms().maxActivationBlocks();
    if (first > last) {
      return giveUp(
          view,
          deal,
          last,
          "block "
              + activateBy
              + " for activation is too far ahead to publish it by block "
              + last);
    }
    return switch (deal.stage()) {
      case UPLOADED, SEALING -> Optional.of(new DealAction.Seal(deal.id()));
      // A reorg can take a publication back: then it is published again.
      case SEALED, PUBLISHED, ACTIVE ->
          view.next() >= first ? Optional.of(new DealAction.Publish(deal.id())) : Optional.empty();
      case ACCEPTED, ENDED, FAILED -> Optional.empty();
    };
  }

  /**
   * The last block in which the contract takes a publication: the bounds of Protocol §3.3 and §3.9,
   * those on activateBy solved for the block of the publication. The client alone chooses
   * publishBy, so nothing waits for it when it lies beyond.
   */
  private static long lastToPublish(ChainView view, DealProposal p) {
    return Math.min(p.publishBy().value(), p.activateBy().value() - p.activationRoom(view.terms()));
  }

  private static Optional<DealAction> published(
      ChainView view, MinerDeal deal, DealSnapshot chain) {
    if (view.next() > chain.activateBy().value()) {
      return Optional.of(new DealAction.Expire(deal.id()));
    }
    boolean sealed = deal.stage().compareTo(DealStage.SEALED) >= 0;
    if (sealed && view.next() > chain.sealBlock().value() && !view.frozenNext()) {
      return Optional.of(new DealAction.Activate(deal.id()));
    }
    return follow(deal, DealStage.PUBLISHED);
  }

  /**
   * Brings the store's stage to the chain's, forwards or, after a reorg, backwards. A store that
   * was brought back from an older copy has to make the replica again first.
   */
  private static Optional<DealAction> follow(MinerDeal deal, DealStage to) {
    return switch (deal.stage()) {
      case ACCEPTED, ENDED, FAILED -> Optional.empty();
      case UPLOADED, SEALING -> Optional.of(new DealAction.Seal(deal.id()));
      case SEALED, PUBLISHED, ACTIVE ->
          deal.stage() == to
              ? Optional.empty()
              : Optional.of(new DealAction.Advance(deal.id(), to));
    };
  }

  private static Optional<DealAction> active(ChainView view, MinerDeal deal, DealSnapshot chain) {
    long cursor = chain.cursor().index();
    int run = view.terms().maxMissRun();
    if (chain.missRun() > run) {
      // Client and auditor may have the tip first. When nobody wants it the miner ends the deal
      // itself: until then its lost data fails the draws of all its other deals.
      return view.closedBefore() - cursor > run
          ? Optional.of(new DealAction.Terminate(deal.id()))
          : follow(deal, DealStage.ACTIVE);
    }
    long end = chain.end().index();
    return settleOrComplete(view, deal, chain, Math.min(view.closedBefore(), end));
  }

  private static Optional<DealAction> settleOrComplete(
      ChainView view, MinerDeal deal, DealSnapshot chain, long closed) {
    long cursor = chain.cursor().index();
    long end = chain.end().index();
    long arrears = closed - cursor;
    // Settled before it is completed: a completion that meets a default undoes its own settling.
    if (arrears >= view.settleEvery() || (closed == end && arrears > 0)) {
      return Optional.of(new DealAction.Settle(deal.id()));
    }
    long due = view.clock().periodEnd(end - 1) + view.terms().collateralHold();
    if (cursor == end && view.next() >= due) {
      return Optional.of(new DealAction.Complete(deal.id()));
    }
    return follow(deal, DealStage.ACTIVE);
  }

  /**
   * Its periods cost the fee whoever settles them; the miner settles so that the deal can end. A
   * fault that has lasted too long is left to those who want the tip: it spoils no other deal.
   */
  private static Optional<DealAction> faulty(ChainView view, MinerDeal deal, DealSnapshot chain) {
    DeclaredFault fault = DeclaredFault.of(chain, view.terms(), view.clock());
    if (fault.isDefaulted(view.head())) {
      return view.closedBefore() - fault.last().index() > view.terms().maxMissRun()
          ? Optional.of(new DealAction.Terminate(deal.id()))
          : follow(deal, DealStage.ACTIVE);
    }
    long end = chain.end().index();
    long closed = Math.min(view.clock().nextDuty(view.next()), end);
    return settleOrComplete(view, deal, chain, closed);
  }

  private static Optional<DealAction> purge(ChainView view, MinerDeal deal) {
    return deal.onChain()
        .filter(c -> c.end().index() > 0 && !c.removed() && !view.frozenNext())
        .filter(c -> c.state().isFinal() || view.clock().nextDuty(view.next()) >= c.end().index())
        .map(c -> new DealAction.Purge(deal.id()));
  }
}
