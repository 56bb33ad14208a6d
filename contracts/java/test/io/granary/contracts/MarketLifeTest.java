package io.granary.contracts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.protocol.chain.MarketCall;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MinerMarket;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.SignedExtension;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The normal life of a deal and its refusals, through the ports, on a real chain. */
class MarketLifeTest {
  @TempDir Path dir;
  DevMarket market;

  @BeforeEach
  void start() throws IOException {
    market = new DevMarket(dir);
  }

  @AfterEach
  void stop() throws IOException {
    market.close();
  }

  private static TxResult.Refused refused(TxResult result) {
    return assertInstanceOf(TxResult.Refused.class, result);
  }

  @Test
  void a_deal_lives_from_publication_to_completion_and_the_money_adds_up() throws IOException {
    byte[] data = market.data(100_000);
    DealProposal p = market.activeDeal(data, 3);
    DealId id = market.idOf(p);
    DealSnapshot active = market.client.queries().deal(id).orElseThrow();
    assertEquals(DealState.ACTIVE, active.state());
    TokenAmount minerBefore = market.client.queries().account(market.miner()).balance();
    for (long period = active.start().index(); period < active.end().index(); period++) {
      market.mineToWindow(new Period(period));
      market
          .operator
          .actions()
          .prove(market.miner(), new Period(period), market.openings(new Period(period)))
          .orThrow();
      assertTrue(market.client.queries().isProved(market.miner(), new Period(period)));
    }
    market.minePast(new Period(active.end().index() - 1));
    market.operator.actions().settle(List.of(id)).orThrow();
    assertEquals("NotOver", refused(market.client.actions().complete(id)).error());
    market.anvil.mine(market.client.terms().collateralHold());
    market.client.actions().complete(id).orThrow();
    DealSnapshot done = market.client.queries().deal(id).orElseThrow();
    assertEquals(DealState.COMPLETED, done.state());
    assertEquals(3, done.proved());
    assertTrue(done.removed());
    TokenAmount fee = p.price().share(100, 10_000);
    TokenAmount earned = p.price().minus(fee).plus(p.collateral());
    assertEquals(
        minerBefore.plus(earned), market.client.queries().account(market.miner()).balance());
    assertEquals(fee, market.client.queries().burned());
    conserved();
  }

  private void conserved() {
    var q = market.client.queries();
    TokenAmount sum =
        q.account(market.miner())
            .balance()
            .plus(q.account(market.clientKey.address()).balance())
            .plus(q.burned());
    assertEquals(q.walletBalance(market.deployment.market()), sum);
  }

  @Test
  void an_extended_deal_goes_on_at_its_new_price_without_another_seal() throws IOException {
    DealProposal p = market.activeDeal(market.data(4_000), 2);
    DealId id = market.idOf(p);
    DealSnapshot before = market.client.queries().deal(id).orElseThrow();
    prove(before.start());
    TokenAmount minerBefore = market.client.queries().account(market.miner()).balance();
    TokenAmount dearer = p.price();
    SignedExtension signed = market.extension(p, 2, dearer);
    assertEquals(
        "NotOperator",
        market.client.actions().extend(List.of(signed)).items().getFirst().skipped());
    assertEquals(
        "", market.operator.actions().extend(List.of(signed)).items().getFirst().skipped());
    assertEquals(
        "EndMoved", market.operator.actions().extend(List.of(signed)).items().getFirst().skipped());
    DealSnapshot extended = market.client.queries().deal(id).orElseThrow();
    assertEquals(before.start(), extended.start());
    assertEquals(before.end().plus(2), extended.end());
    assertEquals(before.start().next(), extended.cursor());
    assertEquals(3, extended.periods());
    assertEquals(dearer.times(3), extended.price());
    var events =
        market
            .client
            .queries()
            .events(market.client.queries().deployedAt(), market.client.queries().head().number());
    MarketEvent.DealExtended event = only(events, MarketEvent.DealExtended.class);
    assertEquals(id, event.dealId());
    assertEquals(market.miner(), event.miner());
    assertEquals(extended.cursor(), event.from());
    assertEquals(extended.end(), event.end());
    assertEquals(extended.price(), event.price());
    TokenAmount collateral = signed.extension().collateral();
    assertTrue(p.collateral().isLessThan(collateral));
    assertEquals(collateral, event.collateral());
    TokenAmount firstPay = p.price().share(1, 2);
    assertEquals(p.price().minus(firstPay), event.carried());

    for (long period = extended.cursor().index(); period < extended.end().index(); period++) {
      prove(new Period(period));
    }
    market.minePast(new Period(extended.end().index() - 1));
    market.anvil.mine(market.client.terms().collateralHold());
    market.client.actions().complete(id).orThrow();
    TokenAmount fees = firstPay.share(100, 10_000).plus(extended.price().share(100, 10_000));
    assertEquals(
        minerBefore.plus(firstPay).plus(extended.price()).plus(p.collateral()).minus(fees),
        market.client.queries().account(market.miner()).balance());
    conserved();
  }

  @Test
  void a_deal_ends_early_with_notice_or_at_once_with_both_sides_consent() throws IOException {
    DealProposal p = market.activeDeal(market.data(4_000), 20);
    DealProposal q = market.activeDeal(market.data(2_000), 20);
    DealId noticed = market.idOf(p);
    DealId agreed = market.idOf(q);
    Period start = market.client.queries().deal(agreed).orElseThrow().start();
    prove(start);
    long notice = market.client.terms().maxMissRun() + 1;
    assertEquals(
        "NotClient",
        refused(market.operator.actions().giveNotice(noticed)).error(),
        "the client's alone");
    market.client.actions().giveNotice(noticed).orThrow();
    DealSnapshot after = market.client.queries().deal(noticed).orElseThrow();
    assertEquals(start.plus(1 + notice), after.end());
    assertEquals(p.price().share(notice, 20), after.price());
    assertTrue(after.noticed());
    assertEquals("NotSooner", refused(market.client.actions().giveNotice(noticed)).error());

    TokenAmount miner = market.client.queries().account(market.miner()).balance();
    assertEquals(
        "NotOperator", refused(market.client.actions().endEarly(market.earlyEnd(q, true))).error());
    market.operator.actions().endEarly(market.earlyEnd(q, true)).orThrow();
    DealSnapshot over = market.client.queries().deal(agreed).orElseThrow();
    DealId unseen = new DealId(Sha256.hash(new byte[] {1}));
    assertEquals(
        Map.of(agreed, over, noticed, market.client.queries().deal(noticed).orElseThrow()),
        market.client.queries().deals(List.of(agreed, unseen, noticed)));
    assertEquals(DealState.COMPLETED, over.state());
    assertTrue(over.removed());
    TokenAmount pay = q.price().share(1, 20);
    assertEquals(
        miner.plus(q.collateral()).plus(pay).minus(pay.share(100, 10_000)),
        market.client.queries().account(market.miner()).balance());

    for (long period = start.index() + 1; period < after.end().index(); period++) {
      prove(new Period(period));
    }
    market.minePast(new Period(after.end().index() - 1));
    market.anvil.mine(market.client.terms().collateralHold());
    market.client.actions().complete(noticed).orThrow();
    conserved();
  }

  private void prove(Period period) throws IOException {
    market.mineToWindow(period);
    market.operator.actions().prove(market.miner(), period, market.openings(period)).orThrow();
  }

  @Test
  void a_miner_that_stops_proving_is_slashed_and_terminated() throws IOException {
    DealProposal p = market.activeDeal(market.data(5_000), 10);
    DealId id = market.idOf(p);
    DealSnapshot active = market.client.queries().deal(id).orElseThrow();
    assertEquals("NotDefaulted", refused(market.client.actions().terminate(id)).error());
    market.minePast(new Period(active.start().index() + market.client.terms().maxMissRun()));
    market.client.actions().terminate(id).orThrow();
    assertEquals(DealState.TERMINATED, market.client.queries().deal(id).orElseThrow().state());
    conserved();
    assertTrue(market.client.queries().burned().units().signum() > 0);
    assertEquals("WrongState", refused(market.client.actions().terminate(id)).error());
  }

  @Test
  void wrong_early_and_repeated_proofs_are_refused_by_name() throws IOException {
    DealProposal p = market.activeDeal(market.data(1_000), 5);
    DealSnapshot active = market.client.queries().deal(market.idOf(p)).orElseThrow();
    Period first = active.start();
    while (market.currentPeriod().compareTo(first) < 0) {
      market.anvil.mine(1);
    }
    assertEquals(
        "WindowNotOpen",
        refused(market.operator.actions().prove(market.miner(), first, new byte[0])).error());
    market.mineToWindow(first);
    byte[] good = market.openings(first);
    byte[] bad = good.clone();
    bad[40] ^= 1;
    assertEquals(
        "BadProof", refused(market.operator.actions().prove(market.miner(), first, bad)).error());
    assertEquals(
        "BadProofLength",
        refused(market.operator.actions().prove(market.miner(), first, new byte[33])).error());
    assertEquals(
        "WrongPeriod",
        refused(market.operator.actions().prove(market.miner(), first.next(), good)).error());
    // Anyone may send a proof.
    market.client.actions().prove(market.miner(), first, good).orThrow();
    assertEquals(
        "AlreadyProved",
        refused(market.operator.actions().prove(market.miner(), first, good)).error());
    // A forged proof of yesterday: the openings of another period.
    market.mineToWindow(first.next());
    assertEquals(
        "BadProof",
        refused(market.operator.actions().prove(market.miner(), first.next(), good)).error());
  }

  @Test
  void proposals_that_break_a_bound_are_skipped_with_their_reason_and_the_rest_is_published()
      throws IOException {
    DealProposal good = market.proposal(market.data(127), 2);
    DealProposal forOther =
        new DealProposal(
            good.client(),
            good.miner(),
            good.auditor(),
            good.pieceRoot(),
            good.size(),
            1,
            2,
            good.price(),
            good.collateral(),
            good.publishBy(),
            good.activateBy(),
            good.replaces(),
            Hash32.fromHex("11".repeat(32)));
    SigningDomain otherChain = new SigningDomain(1, market.client.terms().domain().market());
    SignedProposal replayed =
        new SignedProposal(
            forOther, market.clientKey.sign(Eip712.dealId(otherChain, forOther).hash()));
    DealProposal dear =
        new DealProposal(
            good.client(),
            good.miner(),
            good.auditor(),
            good.pieceRoot(),
            good.size(),
            1,
            2,
            TokenAmount.parseTokens("400"),
            TokenAmount.parseTokens("600"),
            good.publishBy(),
            good.activateBy(),
            good.replaces(),
            good.salt());
    var result =
        market
            .operator
            .actions()
            .publish(
                List.of(
                    new MinerMarket.Publication(replayed, Hash32.ZERO),
                    new MinerMarket.Publication(market.sign(good), Hash32.fromHex("22".repeat(32))),
                    new MinerMarket.Publication(market.sign(dear), Hash32.ZERO)));
    assertEquals(
        List.of("BadSignature", "", "MinerShort"),
        result.items().stream().map(i -> i.skipped()).toList());
    var again =
        market
            .operator
            .actions()
            .publish(List.of(new MinerMarket.Publication(market.sign(good), Hash32.ZERO)));
    assertEquals("AlreadyKnown", again.items().getFirst().skipped());
    var stranger =
        market
            .client
            .actions()
            .publish(List.of(new MinerMarket.Publication(market.sign(forOther), Hash32.ZERO)));
    assertEquals("NotOperator", stranger.items().getFirst().skipped());
  }

  @Test
  void a_wrong_seal_is_not_activated_and_the_deal_expires() throws IOException {
    byte[] data = market.data(2_000);
    DealProposal p = market.proposal(data, 2);
    market.seal(p, data);
    // The root that is published belongs to other bytes.
    market
        .operator
        .actions()
        .publish(
            List.of(new MinerMarket.Publication(market.sign(p), Hash32.fromHex("33".repeat(32)))));
    market.leaveFreeze();
    var result = market.operator.actions().activate(List.of(market.activation(p)));
    assertEquals("BadOpening", result.items().getFirst().skipped());
    assertEquals("NotExpired", refused(market.client.actions().expire(market.idOf(p))).error());
    market.anvil.mine(120);
    market.client.actions().expire(market.idOf(p)).orThrow();
    assertEquals(
        DealState.EXPIRED, market.client.queries().deal(market.idOf(p)).orElseThrow().state());
    conserved();
  }

  @Test
  void an_operator_locks_no_more_than_its_budget() throws IOException {
    assertTrue(market.owner.queries().collateralBudget(market.miner()).unlimited());
    DealProposal first = market.proposal(market.data(10), 1);
    DealProposal second = market.proposal(market.data(11), 1);
    TokenAmount most = first.collateral();
    market.owner.actions().setCollateralBudget(most, 10_000).orThrow();
    assertEquals(
        "NotRegistered", refused(market.operator.actions().setCollateralBudget(most, 1)).error());
    assertEquals(
        "BudgetWithoutWindow",
        refused(market.owner.actions().setCollateralBudget(most, 0)).error());
    var result =
        market
            .operator
            .actions()
            .publish(
                List.of(
                    new MinerMarket.Publication(market.sign(first), Hash32.ZERO),
                    new MinerMarket.Publication(market.sign(second), Hash32.ZERO)));
    assertEquals(List.of("", "OverBudget"), result.items().stream().map(i -> i.skipped()).toList());
    var budget = market.owner.queries().collateralBudget(market.miner());
    assertEquals(most, budget.amount());
    assertEquals(most, budget.spent());
    assertEquals(10_000, budget.blocks());
    assertTrue(budget.until().value() > market.client.queries().head().number().value());
    market.owner.actions().setCollateralBudget(TokenAmount.ZERO, 0).orThrow();
    assertTrue(market.owner.queries().collateralBudget(market.miner()).unlimited());
  }

  @Test
  void a_cancelled_proposal_cannot_be_published_and_withdrawals_keep_their_notice()
      throws IOException {
    DealProposal p = market.proposal(market.data(10), 1);
    assertEquals("NotClient", refused(market.operator.actions().cancel(p)).error());
    market.client.actions().cancel(p).orThrow();
    var result =
        market
            .operator
            .actions()
            .publish(List.of(new MinerMarket.Publication(market.sign(p), Hash32.ZERO)));
    assertEquals("AlreadyKnown", result.items().getFirst().skipped());

    assertEquals("NothingRequested", refused(market.client.actions().withdraw()).error());
    TokenAmount all = market.client.queries().account(market.clientKey.address()).balance();
    market.client.actions().requestWithdrawal(all).orThrow();
    assertEquals("WithdrawalNotDue", refused(market.client.actions().withdraw()).error());
    market.anvil.mine(market.client.terms().withdrawNotice());
    market.client.actions().withdraw().orThrow();
    assertEquals(
        TokenAmount.parseTokens("1000"),
        market.client.queries().walletBalance(market.clientKey.address()));
  }

  @Test
  void history_gives_back_every_event_and_the_calldata_of_proofs() throws IOException {
    DealProposal p = market.activeDeal(market.data(3_000), 2);
    DealSnapshot active = market.client.queries().deal(market.idOf(p)).orElseThrow();
    market.mineToWindow(active.start());
    byte[] openings = market.openings(active.start());
    market.operator.actions().prove(market.miner(), active.start(), openings).orThrow();
    var q = market.client.queries();
    List<MarketEvent> events = q.events(q.deployedAt(), q.head().number());
    MarketEvent.DealPublished published = only(events, MarketEvent.DealPublished.class);
    assertEquals(p, published.proposal());
    assertEquals(market.idOf(p), published.dealId());
    MarketEvent.DealActivated activated = only(events, MarketEvent.DealActivated.class);
    MarketCall.Activate call =
        assertInstanceOf(MarketCall.Activate.class, q.calls(activated.at().tx()).getFirst());
    assertEquals(p, call.items().getFirst().proposal());
    MarketEvent.PeriodProved proved = only(events, MarketEvent.PeriodProved.class);
    MarketCall.Prove prove =
        assertInstanceOf(MarketCall.Prove.class, q.calls(proved.at().tx()).getFirst());
    assertEquals(
        java.util.HexFormat.of().formatHex(openings),
        java.util.HexFormat.of().formatHex(prove.openings()));
  }

  private static <T extends MarketEvent> T only(List<MarketEvent> events, Class<T> type) {
    List<T> found = events.stream().filter(type::isInstance).map(type::cast).toList();
    assertEquals(1, found.size());
    return found.getFirst();
  }

  @Test
  void the_directory_names_the_miner_and_strangers_have_no_record() {
    var record = market.client.queries().miner(market.miner()).orElseThrow();
    assertEquals(market.operatorKey.address(), record.operator());
    assertEquals("127.0.0.1:4000", record.peer().endpoint());
    assertTrue(record.accepting());
    assertEquals(List.of(record), market.client.queries().miners());
    assertTrue(market.client.queries().miner(Address.ZERO).isEmpty());
    assertFalse(record.exiting());
    assertEquals(
        "AlreadyRegistered",
        refused(
                market
                    .owner
                    .actions()
                    .register(
                        Address.parse("0x" + "12".repeat(20)),
                        TokenAmount.parseTokens("100"),
                        "h:1",
                        Hash32.fromHex("44".repeat(32)),
                        TokenAmount.of(1)))
            .error());
    assertEquals("MinerNotExiting", refused(market.owner.actions().withdrawStake()).error());
  }
}
