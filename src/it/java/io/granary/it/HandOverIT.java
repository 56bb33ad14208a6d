package io.granary.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.auditor.replay.AuditReport;
import io.granary.auditor.replay.ChainAudit;
import io.granary.auditor.replay.RebuiltState;
import io.granary.contracts.DevMarket;
import io.granary.contracts.GranaryChain;
import io.granary.contracts.devnet.Faucet;
import io.granary.proofs.Sha256;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.proofs.opening.DrawOpenings;
import io.granary.proofs.tree.Opening;
import io.granary.protocol.chain.DrawnLeaf;
import io.granary.protocol.chain.MarketCall;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MarketHistory;
import io.granary.protocol.chain.MinerMarket;
import io.granary.protocol.chain.TxRefusedException;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.Cover;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.DealKey;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import io.granary.protocol.values.TxHash;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Hand-overs between two miners on a real chain (Protocol §3.9), their replay by the audit, and
 * each lie about them.
 */
class HandOverIT {
  @TempDir Path dir;
  private final EthKey heirKey = EthKey.generate();
  private final EthKey heirOperatorKey = EthKey.generate();
  private DevMarket market;
  private GranaryChain heir;
  private GranaryChain heirOperator;
  private boolean heirProves = true;

  @BeforeEach
  void twoMiners() throws Exception {
    market = new DevMarket(dir);
    try (Faucet faucet = new Faucet(market.anvil.endpoint(), market.deployment.token())) {
      faucet.give(heirKey.address(), 10, TokenAmount.parseTokens("1000"));
      faucet.give(heirOperatorKey.address(), 10, TokenAmount.ZERO);
    }
    heir = market.connect(heirKey);
    heirOperator = market.connect(heirOperatorKey);
    heir.actions()
        .register(
            heirOperatorKey.address(),
            TokenAmount.parseTokens("100"),
            "127.0.0.1:4001",
            Sha256.hash(new byte[2]),
            DevMarket.PRICE_PER_LEAF)
        .orThrow();
    heir.actions().deposit(TokenAmount.parseTokens("500")).orThrow();
  }

  @AfterEach
  void stop() throws Exception {
    heir.close();
    heirOperator.close();
    market.close();
  }

  private DealSnapshot deal(DealProposal p) {
    return market.client.queries().deal(market.idOf(p)).orElseThrow();
  }

  private TokenAmount balance(Address owner) {
    return market.client.queries().account(owner).balance();
  }

  /** The same piece with the other miner; it replaces the deal. */
  private DealProposal replacement(DealProposal old, byte[] data, Address miner) {
    DealProposal p = market.proposal(data, old.periods());
    return new DealProposal(
        p.client(),
        miner,
        p.auditor(),
        p.pieceRoot(),
        p.size(),
        p.sealProfile(),
        p.periods(),
        p.price(),
        p.collateral(),
        p.publishBy(),
        new BlockNumber(market.head() + 200),
        market.idOf(old).hash(),
        p.salt());
  }

  private void publish(DealProposal p, byte[] data, GranaryChain operator) throws Exception {
    var published =
        operator
            .actions()
            .publish(
                List.of(
                    new MinerMarket.Publication(
                        market.sign(p), market.seal(p, data).sealedRoot())));
    assertEquals("", published.items().getFirst().skipped());
  }

  private String tryActivate(DealProposal p) throws Exception {
    return heirOperator
        .actions()
        .activate(List.of(market.activation(p)))
        .items()
        .getFirst()
        .skipped();
  }

  private void activate(DealProposal p) throws Exception {
    advance(market.client.terms().sealDelay() + 1);
    while (market.client.queries().isFrozen(market.miner())
        || market.client.queries().isFrozen(heirKey.address())) {
      advance(1);
    }
    assertEquals("", tryActivate(p));
  }

  /** Blocks pass, and both miners prove. */
  private void advance(long blocks) throws Exception {
    long to = market.head() + blocks;
    while (market.head() < to) {
      market.anvil.mine(1);
      prove(market.miner());
      if (heirProves) {
        prove(heirKey.address());
      }
    }
  }

  private void advanceTo(long block) throws Exception {
    advance(Math.max(0, block - market.head()));
  }

  private void prove(Address miner) throws Exception {
    var q = market.client.queries();
    PeriodClock clock = q.clock(miner);
    Period period = new Period(clock.periodAt(market.head() + 1));
    if (!clock.inWindow(period.index(), market.head() + 1)
        || q.isDecided(miner, period)
        || q.setWeight(miner) == 0) {
      return;
    }
    List<DrawnLeaf> drawn;
    try {
      drawn = q.drawnLeaves(miner, period);
    } catch (TxRefusedException onlyEndedEntries) {
      assertEquals("DrawExhausted", onlyEndedEntries.refusal().error());
      return;
    }
    List<Opening> openings = new ArrayList<>();
    for (DrawnLeaf leaf : drawn) {
      openings.add(market.replicas.get(leaf.deal()).openSealed(leaf.leaf().value()));
    }
    if (!openings.isEmpty()) {
      market.operator.actions().prove(miner, period, DrawOpenings.pack(openings)).orThrow();
    }
  }

  private long over(DealProposal p) {
    return market.client.queries().clock(p.miner()).periodEnd(deal(p).end().index() - 1);
  }

  private void complete(DealProposal p) throws Exception {
    advanceTo(over(p) + market.client.terms().collateralHold());
    market.client.actions().settle(List.of(market.idOf(p))).orThrow();
    market.client.actions().complete(market.idOf(p)).orThrow();
  }

  private void assertNoOverlap(DealProposal old, DealProposal next) {
    PeriodClock clock = market.client.queries().clock(next.miner());
    assertTrue(clock.periodEnd(deal(next).start().index() - 1) >= over(old));
  }

  // ---------------------------------------------------------------- audit

  private AuditReport audit(Function<MarketEvent, List<MarketEvent>> event) {
    var queries = market.client.queries();
    MarketHistory told =
        new MarketHistory() {
          @Override
          public BlockNumber deployedAt() {
            return queries.deployedAt();
          }

          @Override
          public List<MarketEvent> events(BlockNumber from, BlockNumber to) {
            return queries.events(from, to).stream().flatMap(e -> event.apply(e).stream()).toList();
          }

          @Override
          public List<MarketCall> calls(TxHash tx) {
            return queries.calls(tx);
          }
        };
    return new ChainAudit(queries, told, queries).run();
  }

  private void assertAuditOk() {
    AuditReport report = audit(List::of);
    assertTrue(report.ok(), () -> report.firstFinding().toString());
    assertTrue(RebuiltState.assertMatches(market) > 0);
    assertTrue(CountedMoney.assertMatches(market) > 0);
    assertEquals(0, report.unseen());
  }

  /** {@code event}: what is told instead; null: nothing. */
  private void found(String what, Function<MarketEvent, @Nullable MarketEvent> event) {
    foundAmong(what, e -> Stream.ofNullable(event.apply(e)).toList());
  }

  private void foundAmong(String what, Function<MarketEvent, List<MarketEvent>> event) {
    AuditReport report = audit(event);
    assertFalse(report.ok(), what);
    assertTrue(
        report.firstFinding().orElseThrow().what().contains(what),
        () -> report.firstFinding().orElseThrow().toString());
  }

  private void foundInHandOver(
      String what,
      Function<MarketEvent.DealHandedOver, MarketEvent.@Nullable DealHandedOver> change) {
    found(what, e -> e instanceof MarketEvent.DealHandedOver h ? change.apply(h) : e);
  }

  private static MarketEvent.DealHandedOver told(
      MarketEvent.DealHandedOver h,
      DealId next,
      Period from,
      Period end,
      TokenAmount price,
      TokenAmount carried) {
    return new MarketEvent.DealHandedOver(h.at(), h.dealId(), next, from, end, price, carried);
  }

  private static TokenAmount more(TokenAmount amount) {
    return amount.plus(TokenAmount.of(1));
  }

  // ---------------------------------------------------------------- what happens

  @Test
  void a_deal_moves_with_notice_and_the_audit_replays_it() throws Exception {
    byte[] data = market.data(700);
    DealProposal old = market.activeDeal(data, 60);
    DealProposal next = replacement(old, data, heirKey.address());
    Cover cover = market.client.queries().coverOf(next);
    assertEquals("", cover.reason());
    assertTrue(cover.due(next.price()).isLessThan(next.price()));
    TokenAmount before = balance(next.client());
    publish(next, data, heirOperator);
    assertEquals(before.minus(cover.due(next.price())), balance(next.client()));
    var standing = market.client.queries().handOver(market.idOf(old));
    assertEquals(DealKey.of(market.idOf(next)), standing.successor().orElseThrow());
    assertTrue(standing.pending() && !standing.waived());
    assertEquals("HandOverPending", market.client.queries().coverOf(next).reason());
    assertAuditOk();

    activate(next);
    assertEquals(next.price(), deal(next).price());
    DealSnapshot left = deal(old);
    assertEquals(DealState.ACTIVE, left.state());
    assertTrue(left.noticed());
    assertEquals(market.client.terms().maxMissRun() + 1, left.periods());
    assertNoOverlap(old, next);
    assertAuditOk();
    complete(old);
    assertEquals(DealState.COMPLETED, deal(old).state());
    assertEquals(left.periods(), deal(old).proved());
    TokenAmount unpaid = balance(heirKey.address());
    Period first = deal(next).start();
    advanceTo(market.client.queries().clock(heirKey.address()).periodEnd(first.next().index()));
    market.client.actions().settle(List.of(market.idOf(next))).orThrow();
    assertTrue(unpaid.isLessThan(balance(heirKey.address())), "the new miner is paid");
    assertTrue(deal(next).proved() > 0 && deal(next).missed() == 0);
    assertAuditOk();
  }

  @Test
  void a_deal_without_notice_ends_at_once() throws Exception {
    byte[] data = market.data(300);
    DealProposal old = market.activeDeal(data, 60);
    market.operator.actions().waiveNotice(List.of(market.idOf(old))).orThrow();
    assertTrue(market.client.queries().handOver(market.idOf(old)).waived());
    DealProposal next = replacement(old, data, heirKey.address());
    publish(next, data, heirOperator);
    activate(next);
    DealSnapshot left = deal(old);
    assertEquals(left.cursor(), left.end());
    assertEquals(0, left.periods());
    assertEquals(TokenAmount.ZERO, left.price());
    assertNoOverlap(old, next);
    complete(old);
    assertAuditOk();
    found("end of " + market.idOf(old), e -> e instanceof MarketEvent.NoticeWaived ? null : e);
  }

  /** The last one has not even begun when its client gives notice. */
  @Test
  void a_deal_that_has_not_begun_is_handed_on_and_ended() throws Exception {
    byte[] data = market.data(300);
    DealProposal old = market.activeDeal(data, 60);
    DealProposal next = replacement(old, data, heirKey.address());
    publish(next, data, heirOperator);
    activate(next);
    heirOperator.actions().waiveNotice(List.of(market.idOf(next))).orThrow();
    DealProposal back = replacement(next, data, market.miner());
    publish(back, data, market.operator);
    activate(back);
    Period begins = deal(next).start();
    assertEquals(begins, deal(next).end(), "it ends where it would have begun");
    assertNoOverlap(next, back);
    while (market.client.queries().isFrozen(market.miner())) {
      advance(1);
    }
    market.client.actions().giveNotice(market.idOf(back)).orThrow();
    assertEquals(deal(back).start().plus(market.client.terms().maxMissRun() + 1), deal(back).end());
    assertAuditOk();
    complete(old);
    complete(next);
    complete(back);
    assertEquals(0, deal(back).missed());
    assertAuditOk();
  }

  @Test
  void a_deal_that_is_never_activated_leaves_the_old_one_alone() throws Exception {
    byte[] data = market.data(700);
    DealProposal old = market.activeDeal(data, 60);
    DealProposal next = replacement(old, data, heirKey.address());
    publish(next, data, heirOperator);
    TokenAmount held = deal(next).price();
    advanceTo(next.activateBy().value() + 1);
    TokenAmount before = balance(next.client());
    market.owner.actions().expire(market.idOf(next)).orThrow();
    assertEquals(before.plus(held), balance(next.client()));
    assertFalse(deal(old).noticed());
    assertFalse(market.client.queries().handOver(market.idOf(old)).pending());
    market.leaveFreeze();
    var extended = market.operator.actions().extend(List.of(market.extension(old, 1, old.price())));
    assertEquals(
        "", extended.items().getFirst().skipped(), "it goes on, and may be extended again");
    assertAuditOk();
  }

  @Test
  void the_escrow_of_a_defaulted_deal_goes_to_the_new_one() throws Exception {
    byte[] data = market.data(700);
    DealProposal old = market.activeDeal(data, 60);
    DealProposal next = replacement(old, data, heirKey.address());
    publish(next, data, heirOperator);
    TokenAmount held = deal(next).price();
    // Nobody proves the old deal any more.
    long end = market.client.queries().clock(old.miner()).periodEnd(deal(old).cursor().index() + 3);
    market.anvil.mine((int) (end - market.head()));
    assertEquals("DealDefaulted", tryActivate(next));
    market.owner.actions().terminate(market.idOf(old)).orThrow();
    assertTrue(held.isLessThan(deal(next).price()));
    assertEquals("", tryActivate(next));
    assertEquals(next.price(), deal(next).price());
    assertAuditOk();
    found(
        "escrow moved from",
        e ->
            e instanceof MarketEvent.EscrowMoved m
                ? new MarketEvent.EscrowMoved(m.at(), m.dealId(), m.successor(), more(m.amount()))
                : e);
    found("into the lock of its successor", e -> e instanceof MarketEvent.EscrowMoved ? null : e);
    found(
        "successor of",
        e ->
            e instanceof MarketEvent.EscrowMoved m
                ? new MarketEvent.EscrowMoved(
                    m.at(), m.dealId(), DealKey.of(m.dealId()), m.amount())
                : e);
  }

  @Test
  void each_lie_about_a_hand_over_is_named() throws Exception {
    byte[] data = market.data(700);
    DealProposal old = market.activeDeal(data, 60);
    DealProposal other = market.activeDeal(data, 60);
    DealProposal next = replacement(old, data, heirKey.address());
    publish(next, data, heirOperator);
    activate(next);
    assertAuditOk();
    foundInHandOver("hand-over of " + market.idOf(old), h -> null);
    foundInHandOver(
        "first period of what is left",
        h -> told(h, h.newDealId(), h.from().next(), h.end(), h.price(), h.carried()));
    foundInHandOver(
        "at its hand-over",
        h -> told(h, h.newDealId(), h.from(), h.end().next(), h.price(), h.carried()));
    foundInHandOver(
        "price of what is left",
        h -> told(h, h.newDealId(), h.from(), h.end(), more(h.price()), h.carried()));
    foundInHandOver(
        "escrow carried on",
        h -> told(h, h.newDealId(), h.from(), h.end(), h.price(), more(h.carried())));
    foundInHandOver(
        "state of deal",
        h -> told(h, market.idOf(other), h.from(), h.end(), h.price(), h.carried()));
    found(
        "first period of",
        e ->
            e instanceof MarketEvent.DealActivated a && a.dealId().equals(market.idOf(next))
                ? new MarketEvent.DealActivated(
                    a.at(),
                    a.dealId(),
                    a.miner(),
                    new Period(a.start().index() - 1),
                    new Period(a.end().index() - 1))
                : e);
    // A waiver that never was would have ended the deal sooner.
    foundAmong(
        "at its hand-over",
        e ->
            e instanceof MarketEvent.DealPublished p && p.proposal().equals(next)
                ? List.of(e, new MarketEvent.NoticeWaived(p.at(), market.idOf(old), market.miner()))
                : List.of(e));
  }
}
