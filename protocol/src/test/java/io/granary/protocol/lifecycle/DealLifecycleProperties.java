package io.granary.protocol.lifecycle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.proofs.Hash32;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.DeclaredFault;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

/**
 * The planner asks only for what the contract would accept in the next block, and never twice for
 * what is done.
 */
class DealLifecycleProperties {
  private static final Address A = Address.parse("0x" + "0a".repeat(20));
  private static final DealId ID = new DealId(Hash32.fromHex("77".repeat(32)));
  private static final MarketTerms TERMS =
      new MarketTerms(
          new SigningDomain(1, A),
          A,
          A,
          A,
          20,
          8,
          5,
          2,
          3,
          2,
          5,
          6,
          1000,
          200,
          10_000,
          100,
          1000,
          TokenAmount.of(1),
          TokenAmount.of(1),
          TokenAmount.of(1),
          2,
          3,
          12,
          8,
          1,
          200_000,
          4,
          10_000);
  private static final PeriodClock CLOCK = new PeriodClock(20, 8, 7);

  private static DealProposal terms(long publishBy, long activateBy) {
    return new DealProposal(
        A,
        A,
        A,
        Hash32.ZERO,
        new RawSize(1),
        1,
        4,
        TokenAmount.of(10),
        TokenAmount.of(10),
        new BlockNumber(publishBy),
        new BlockNumber(activateBy),
        Hash32.ZERO,
        Hash32.ZERO);
  }

  private static DealSnapshot snapshot(
      DealState state,
      long start,
      long cursor,
      int run,
      long activateBy,
      long sealBlock,
      boolean removed) {
    long end = start == 0 ? 0 : start + 4;
    return new DealSnapshot(
        ID,
        state,
        A,
        A,
        TokenAmount.of(10),
        TokenAmount.of(10),
        4,
        new Period(start),
        new Period(end),
        new Period(cursor),
        0,
        0,
        run,
        new BlockNumber(activateBy),
        new BlockNumber(sealBlock),
        Hash32.ZERO,
        removed,
        false,
        new Period(0));
  }

  private static DealSnapshot faulty(long start, long since, long cursor, long collateral) {
    return new DealSnapshot(
        ID,
        DealState.FAULTY,
        A,
        A,
        TokenAmount.of(40),
        TokenAmount.of(collateral),
        10,
        new Period(start),
        new Period(start + 10),
        new Period(cursor),
        0,
        0,
        0,
        new BlockNumber(0),
        new BlockNumber(0),
        Hash32.ZERO,
        true,
        false,
        new Period(since));
  }

  private static List<DealAction> plan(
      long head,
      boolean proved,
      boolean weight,
      DealStage stage,
      DealProposal p,
      Optional<DealSnapshot> chain) {
    return DealLifecycle.actionsAt(
        new ChainView(new BlockNumber(head), CLOCK, proved, weight, TERMS, 2),
        List.of(new MinerDeal(ID, stage, p, chain)));
  }

  @Property
  void never_publishes_what_the_contract_would_skip(
      @ForAll @IntRange(max = 300) int head,
      @ForAll @IntRange(max = 300) int publishBy,
      @ForAll @IntRange(max = 500) int activateBy,
      @ForAll DealStage stage) {
    for (DealAction action :
        plan(head, false, false, stage, terms(publishBy, activateBy), Optional.empty())) {
      if (action instanceof DealAction.Publish) {
        assertTrue(
            stage.compareTo(DealStage.SEALED) >= 0 && stage.compareTo(DealStage.ACTIVE) <= 0);
        assertTrue(
            head + 1 <= publishBy
                && activateBy >= head + 1 + TERMS.sealDelay() + TERMS.windowBlocks() + 1
                && activateBy <= head + 1 + TERMS.maxActivationBlocks());
      }
    }
  }

  @Property
  void a_hand_over_is_published_only_with_room_for_two_freezes(
      @ForAll @IntRange(max = 300) int head, @ForAll @IntRange(max = 500) int activateBy) {
    DealProposal p = terms(1_000, activateBy);
    DealProposal replacing =
        new DealProposal(
            p.client(),
            p.miner(),
            p.auditor(),
            p.pieceRoot(),
            p.size(),
            p.sealProfile(),
            p.periods(),
            p.price(),
            p.collateral(),
            p.publishBy(),
            p.activateBy(),
            ID.hash(),
            p.salt());
    long room = activateBy - (head + 1) - TERMS.sealDelay() - 1;
    boolean inReach = activateBy <= head + 1 + TERMS.maxActivationBlocks();
    assertEquals(
        inReach && room >= 2 * TERMS.windowBlocks(),
        plan(head, false, false, DealStage.SEALED, replacing, Optional.empty()).stream()
            .anyMatch(DealAction.Publish.class::isInstance));
  }

  @Property
  void whatever_a_client_signs_is_given_up_when_it_can_no_longer_be_published_and_no_sooner(
      @ForAll @IntRange(min = 50, max = 300) int head,
      @ForAll @LongRange(min = 0) long publishBy,
      @ForAll @IntRange(max = 300) int activateBy,
      @ForAll boolean cancelled) {
    long last =
        Math.min(publishBy, (long) activateBy - TERMS.sealDelay() - TERMS.windowBlocks() - 1);
    List<DealAction> actions =
        plan(
            head,
            false,
            false,
            DealStage.SEALED,
            terms(publishBy, activateBy),
            cancelled
                ? Optional.of(snapshot(DealState.CANCELLED, 0, 0, 0, 0, 0, false))
                : Optional.empty());
    assertEquals(
        head - TERMS.windowBlocks() > last,
        actions.stream().anyMatch(DealAction.GiveUp.class::isInstance));
  }

  @Property
  void activates_only_after_the_seal_block_in_time_and_outside_a_freeze(
      @ForAll @IntRange(min = 50, max = 300) int head,
      @ForAll @IntRange(max = 300) int activateBy,
      @ForAll @IntRange(max = 300) int sealBlock,
      @ForAll boolean proved,
      @ForAll boolean weight) {
    List<DealAction> actions =
        plan(
            head,
            proved,
            weight,
            DealStage.PUBLISHED,
            terms(400, 400),
            Optional.of(snapshot(DealState.PUBLISHED, 0, 0, 0, activateBy, sealBlock, false)));
    long next = head + 1;
    boolean frozen = weight && !proved && next >= CLOCK.challengeBlock(CLOCK.periodAt(next));
    assertEquals(
        next > sealBlock && next <= activateBy && !frozen,
        actions.contains(new DealAction.Activate(ID)));
    assertEquals(next > activateBy, actions.contains(new DealAction.Expire(ID)));
  }

  @Property
  void settles_and_completes_only_closed_periods_and_purges_only_what_is_no_longer_drawn(
      @ForAll @IntRange(min = 50, max = 400) int head,
      @ForAll @IntRange(min = 3, max = 12) int start,
      @ForAll @IntRange(max = 4) int settled,
      @ForAll boolean proved) {
    DealSnapshot chain = snapshot(DealState.ACTIVE, start, start + settled, 0, 0, 0, false);
    ChainView view = new ChainView(new BlockNumber(head), CLOCK, proved, true, TERMS, 2);
    List<DealAction> actions =
        plan(head, proved, true, DealStage.ACTIVE, terms(1, 1), Optional.of(chain));
    long closed = Math.min(view.closedBefore(), start + 4);
    if (actions.contains(new DealAction.Settle(ID))) {
      assertTrue(closed > start + settled, "something to settle");
    }
    boolean due =
        settled == 4
            && closed == start + 4
            && head + 1 >= CLOCK.periodEnd(start + 3) + TERMS.collateralHold();
    assertEquals(due, actions.contains(new DealAction.Complete(ID)));
    boolean drawn = CLOCK.nextDuty(head + 1) < start + 4;
    assertEquals(!drawn && !view.frozenNext(), actions.contains(new DealAction.Purge(ID)));
  }

  @Property
  void ends_a_defaulted_deal_itself_only_when_nobody_took_the_tip(
      @ForAll @IntRange(min = 50, max = 400) int head,
      @ForAll @IntRange(min = 3, max = 12) int start,
      @ForAll @IntRange(max = 4) int settled,
      @ForAll @IntRange(max = 6) int missRun) {
    ChainView view = new ChainView(new BlockNumber(head), CLOCK, false, true, TERMS, 2);
    DealSnapshot chain = snapshot(DealState.ACTIVE, start, start + settled, missRun, 0, 0, false);
    boolean defaulted = missRun > TERMS.maxMissRun();
    boolean waited = view.closedBefore() - (start + settled) > TERMS.maxMissRun();
    List<DealAction> actions =
        plan(head, false, true, DealStage.ACTIVE, terms(1, 1), Optional.of(chain));
    assertEquals(defaulted && waited, actions.contains(new DealAction.Terminate(ID)));
    assertFalse(defaulted && actions.contains(new DealAction.Settle(ID)));
  }

  /** Period by period, as the contract settles it (Protocol §5.8): fee 4, at most 4 periods. */
  @Property
  void a_faulty_deal_is_settled_completed_and_forfeit_as_the_contract_would(
      @ForAll @IntRange(min = 50, max = 600) int head,
      @ForAll @IntRange(min = 3, max = 12) int start,
      @ForAll @IntRange(max = 9) int declared,
      @ForAll @IntRange(max = 4) int settled,
      @ForAll @IntRange(max = 24) int collateral) {
    long since = start + declared;
    long end = start + 10;
    long cursor = Math.min(since + settled, end);
    DealSnapshot chain = faulty(start, since, cursor, collateral);
    long drawn = Math.min(CLOCK.nextDuty(head + 1L), end);
    long left = collateral;
    long at = cursor;
    while (at < drawn && at - since <= TERMS.maxFaultyPeriods() && left > 0) {
      left -= Math.min(4, left);
      at++;
    }
    boolean defaulted = at - since > TERMS.maxFaultyPeriods() || left == 0;
    // What the contract would never hold: a cursor that is ahead of the challenge blocks.
    Assume.that(cursor <= CLOCK.nextDuty(head + 1L));

    DeclaredFault fault = DeclaredFault.of(chain, TERMS, CLOCK);
    assertEquals(TokenAmount.of(4), fault.fee());
    assertEquals(defaulted, fault.isDefaulted(new BlockNumber(head)), fault::toString);
    assertEquals(at - since, fault.lost(new BlockNumber(head)), fault::toString);
    List<DealAction> actions =
        plan(head, false, true, DealStage.ACTIVE, terms(1, 1), Optional.of(chain));
    assertFalse(actions.contains(new DealAction.Purge(ID)));
    if (defaulted) {
      assertFalse(actions.contains(new DealAction.Settle(ID)));
      assertFalse(actions.contains(new DealAction.Complete(ID)));
    } else {
      assertFalse(actions.contains(new DealAction.Terminate(ID)));
      boolean arrears = drawn - cursor >= 2 || (drawn == end && drawn > cursor);
      assertEquals(arrears, actions.contains(new DealAction.Settle(ID)));
      boolean due = cursor == end && head + 1 >= CLOCK.periodEnd(end - 1) + TERMS.collateralHold();
      assertEquals(due, actions.contains(new DealAction.Complete(ID)));
      // The last block of a recovery lies before the challenge block that brings the default.
      if (cursor < end) {
        boolean late = head >= fault.lastBlock().value();
        boolean hopeless =
            CLOCK.nextDuty(head + 1L) > fault.last().index() || CLOCK.nextDuty(head + 1L) >= end;
        assertEquals(hopeless, late, fault::toString);
      }
    }
  }

  @Property
  void data_that_was_published_stays_until_no_reorg_can_need_it(
      @ForAll @IntRange(min = 50, max = 300) int head,
      @ForAll @IntRange(max = 300) int activateBy,
      @ForAll DealStage stage) {
    List<DealAction> actions =
        plan(
            head,
            false,
            true,
            stage,
            terms(1, activateBy),
            Optional.of(snapshot(DealState.EXPIRED, 0, 0, 0, activateBy, 1, true)));
    if (actions.stream().anyMatch(DealAction.GiveUp.class::isInstance)) {
      assertTrue(stage.compareTo(DealStage.SEALED) < 0 || head - TERMS.windowBlocks() > activateBy);
    }
  }

  @Property
  void data_stays_until_its_entry_has_left_the_set_and_over_is_over(
      @ForAll @IntRange(min = 50, max = 300) int head,
      @ForAll boolean removed,
      @ForAll DealStage stage) {
    for (DealState state : List.of(DealState.COMPLETED, DealState.TERMINATED)) {
      List<DealAction> actions =
          plan(
              head,
              false,
              true,
              stage,
              terms(1, 1),
              Optional.of(snapshot(state, 3, 7, 3, 0, 0, removed)));
      boolean over = stage == DealStage.ENDED || stage == DealStage.FAILED;
      assertEquals(
          removed && !over, actions.stream().anyMatch(DealAction.Delete.class::isInstance));
      assertFalse(
          actions.stream()
              .anyMatch(a -> a instanceof DealAction.Publish || a instanceof DealAction.Settle));
    }
  }
}
