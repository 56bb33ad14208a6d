package io.granary.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.auditor.replay.AuditReport;
import io.granary.auditor.replay.ChainAudit;
import io.granary.auditor.replay.RebuiltState;
import io.granary.contracts.DevMarket;
import io.granary.protocol.chain.MarketCall;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MarketHistory;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.DeclaredFault;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import io.granary.protocol.values.TxHash;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three deals on a real chain: one is kept and proved, one is declared faulty, recovered and proved
 * again, one is faulty for too long. The replay agrees to the last token, and names each lie.
 */
class FaultIT {
  @TempDir Path dir;
  private DevMarket market;
  private DealId kept;
  private DealId lost;
  private DealId gone;
  private DealProposal lostTerms;
  private Period start = new Period(0);

  private DealSnapshot deal(DealId id) {
    return market.client.queries().deal(id).orElseThrow();
  }

  private DeclaredFault fault(DealId id) {
    return DeclaredFault.of(
        deal(id), market.client.terms(), market.client.queries().clock(market.miner()));
  }

  private BlockNumber head() {
    return market.client.queries().head().number();
  }

  private static String refused(TxResult result) {
    return assertInstanceOf(TxResult.Refused.class, result).error();
  }

  private void prove(Period p) throws Exception {
    market.mineToWindow(p);
    market.operator.actions().prove(market.miner(), p, market.openings(p)).orThrow();
  }

  @BeforeEach
  void live() throws Exception {
    market = new DevMarket(dir);
    DealProposal keptTerms = market.activeDeal(market.data(1_100), 7);
    lostTerms = market.activeDeal(market.data(2_000), 7);
    DealProposal goneTerms = market.activeDeal(market.data(300), 12);
    kept = market.idOf(keptTerms);
    lost = market.idOf(lostTerms);
    gone = market.idOf(goneTerms);
    start = new Period(Math.max(deal(gone).start().index(), market.currentPeriod().index()));
    prove(start);
    // Proved, so the set has thawed; the next period is the first faulty one.
    assertEquals("NotMiner", refused(market.client.actions().declareFaults(List.of(lost, gone))));
    market.operator.actions().declareFaults(List.of(lost, gone)).orThrow();
    assertEquals(DealState.FAULTY, deal(lost).state());
    assertEquals(start.next(), deal(lost).faultySince());
    // The least collateral lasts for three fees; a miss before the first proof may have taken one.
    assertTrue(fault(lost).left(head()) >= 1, fault(lost)::toString);
    assertEquals(
        "RecoveryTooSoon", refused(market.operator.actions().recover(market.recovery(lostTerms))));
    prove(start.plus(1));
    assertEquals("NotMiner", refused(market.client.actions().recover(market.recovery(lostTerms))));
    assertTrue(head().value() + 1 >= fault(lost).firstBlock().value());
    market.operator.actions().recover(market.recovery(lostTerms)).orThrow();
    assertEquals(DealState.ACTIVE, deal(lost).state());
    assertEquals(start.plus(2), deal(lost).cursor());
    while (market.currentPeriod().compareTo(deal(gone).faultySince().plus(4)) < 0
        || market.currentPeriod().compareTo(deal(lost).end()) < 0) {
      Period p = market.currentPeriod();
      if (p.compareTo(start.plus(1)) > 0 && p.compareTo(deal(lost).end()) < 0) {
        prove(p);
      }
      if (deal(gone).state() == DealState.FAULTY) {
        assertEquals(
            fault(gone).isDefaulted(head()) ? "" : "StillFaulty",
            market.client.actions().terminate(gone) instanceof TxResult.Refused r ? r.error() : "");
      }
      market.minePast(p);
    }
    // Activated later, it ends no sooner.
    market.minePast(deal(lost).end());
    market.client.actions().settle(List.of(kept, lost)).orThrow();
    market.client.actions().complete(kept).orThrow();
    market.client.actions().complete(lost).orThrow();
  }

  @AfterEach
  void stop() throws Exception {
    market.close();
  }

  @Test
  void a_fault_is_paid_for_and_the_audit_replays_it() {
    assertEquals(DealState.COMPLETED, deal(kept).state());
    assertEquals(
        deal(kept).end().index() - start.index(),
        deal(kept).proved(),
        "whatever is lost beside it");
    assertEquals(DealState.COMPLETED, deal(lost).state());
    assertEquals(deal(lost).end().index() - start.index() - 1, deal(lost).proved());
    assertEquals(0, deal(lost).missRun());
    assertEquals(DealState.TERMINATED, deal(gone).state());
    assertEquals(lostTerms, market.client.queries().proposal(lost).orElseThrow());
    AuditReport report = audit(e -> e);
    assertTrue(report.ok(), () -> report.firstFinding().toString());
    assertTrue(RebuiltState.assertMatches(market) > 0);
    assertTrue(CountedMoney.assertMatches(market) > 0);
    assertEquals(0, report.unseen());
    // Three activations and a recovery.
    assertEquals(4L * market.client.terms().sealChallenges(), report.totals().sealOpenings());
  }

  private final class Lying implements MarketHistory {
    private final UnaryOperator<@Nullable MarketEvent> event;
    private final UnaryOperator<MarketCall> call;

    Lying(UnaryOperator<@Nullable MarketEvent> event, UnaryOperator<MarketCall> call) {
      this.event = event;
      this.call = call;
    }

    @Override
    public BlockNumber deployedAt() {
      return market.client.queries().deployedAt();
    }

    @Override
    public List<MarketEvent> events(BlockNumber from, BlockNumber to) {
      return market.client.queries().events(from, to).stream()
          .map(event)
          .filter(Objects::nonNull)
          .toList();
    }

    @Override
    public List<MarketCall> calls(TxHash tx) {
      return market.client.queries().calls(tx).stream().map(call).toList();
    }
  }

  private AuditReport audit(UnaryOperator<@Nullable MarketEvent> event) {
    return audit(event, c -> c);
  }

  private AuditReport audit(
      UnaryOperator<@Nullable MarketEvent> event, UnaryOperator<MarketCall> call) {
    var q = market.client.queries();
    return new ChainAudit(q, new Lying(event, call), q).run();
  }

  private static void named(String what, AuditReport report) {
    assertFalse(report.ok(), what);
    assertTrue(
        report.firstFinding().orElseThrow().what().contains(what),
        () -> report.firstFinding().orElseThrow().toString());
  }

  private void inDeclaration(String what, UnaryOperator<MarketEvent.@Nullable FaultDeclared> lie) {
    named(what, audit(e -> e instanceof MarketEvent.FaultDeclared f ? lie.apply(f) : e));
  }

  private void inRecovery(String what, UnaryOperator<MarketEvent.@Nullable DealRecovered> lie) {
    named(what, audit(e -> e instanceof MarketEvent.DealRecovered r ? lie.apply(r) : e));
  }

  /** Lies about a settlement of the deal whose fault lasts too long. */
  private void inFee(String what, UnaryOperator<MarketEvent.DealSettled> lie) {
    Period since = since();
    named(
        what,
        audit(
            e ->
                e instanceof MarketEvent.DealSettled s
                        && s.dealId().equals(gone)
                        && s.from().compareTo(since) >= 0
                    ? lie.apply(s)
                    : e));
  }

  private Period since() {
    return market.client.queries().events(market.client.queries().deployedAt(), head()).stream()
        .filter(MarketEvent.FaultDeclared.class::isInstance)
        .map(e -> ((MarketEvent.FaultDeclared) e).from())
        .findFirst()
        .orElseThrow();
  }

  private static TokenAmount more(TokenAmount amount) {
    return amount.plus(TokenAmount.of(1));
  }

  private static MarketEvent.DealSettled settled(
      MarketEvent.DealSettled s,
      Period to,
      long proved,
      long excused,
      TokenAmount refunded,
      TokenAmount slashed,
      TokenAmount toClient) {
    return new MarketEvent.DealSettled(
        s.at(),
        s.dealId(),
        s.from(),
        to,
        proved,
        excused,
        s.paid(),
        s.feeBurned(),
        refunded,
        slashed,
        toClient);
  }

  @Test
  void each_lie_about_a_fault_is_named() {
    inDeclaration("proved periods", f -> null);
    inDeclaration(
        "first faulty period",
        f -> new MarketEvent.FaultDeclared(f.at(), f.dealId(), f.miner(), f.from().next()));
    inDeclaration(
        "miner of the faulty deal",
        f ->
            new MarketEvent.FaultDeclared(
                f.at(), f.dealId(), market.clientKey.address(), f.from()));
    // A declaration whose entry has not left the set.
    named(
        "in the proving set",
        audit(e -> e instanceof MarketEvent.EntryPurged p && p.dealId().equals(gone) ? null : e));
    // Sooner: the challenges of that period were known.
    inDeclaration(
        "frozen when a fault is declared",
        f ->
            new MarketEvent.FaultDeclared(
                at(f.at(), challenge(f.from())), f.dealId(), f.miner(), f.from()));

    inFee(
        "fault",
        s -> settled(s, s.to().plus(9), 0, 0, s.refunded(), s.slashed(), s.slashedToClient()));
    inFee(
        "proved periods",
        s -> settled(s, s.to(), 1, 0, s.refunded(), s.slashed(), s.slashedToClient()));
    inFee(
        "excused periods",
        s -> settled(s, s.to(), 0, 1, s.refunded(), s.slashed(), s.slashedToClient()));
    inFee(
        "refund of",
        s -> settled(s, s.to(), 0, 0, more(s.refunded()), s.slashed(), s.slashedToClient()));
    inFee(
        "slash of",
        s -> settled(s, s.to(), 0, 0, s.refunded(), TokenAmount.ZERO, TokenAmount.ZERO));
    inFee(
        "client's share of the slash",
        s -> settled(s, s.to(), 0, 0, s.refunded(), s.slashed(), more(s.slashedToClient())));

    inRecovery("of period", r -> null);
    inRecovery(
        "period that draws the recovery",
        r ->
            new MarketEvent.DealRecovered(
                r.at(), r.dealId(), r.miner(), r.from(), r.drawnBy().next()));
    inRecovery(
        "first period after the recovery",
        r ->
            new MarketEvent.DealRecovered(
                r.at(), r.dealId(), r.miner(), r.from().next(), r.drawnBy()));
    inRecovery(
        "miner of the recovered deal",
        r ->
            new MarketEvent.DealRecovered(
                r.at(), r.dealId(), market.clientKey.address(), r.from(), r.drawnBy()));
    // Said before the contract could have drawn anything.
    inRecovery(
        "period that draws",
        r ->
            new MarketEvent.DealRecovered(
                at(r.at(), challenge(r.drawnBy()) - 1),
                r.dealId(),
                r.miner(),
                r.from(),
                r.drawnBy()));
    named(
        "seal opening",
        audit(
            e -> e,
            c -> c instanceof MarketCall.Recover r ? new MarketCall.Recover(spoilt(r.item())) : c));
  }

  private long challenge(Period p) {
    return market.client.queries().clock(market.miner()).challengeBlock(p.index());
  }

  private static MarketEvent.Position at(MarketEvent.Position p, long block) {
    return new MarketEvent.Position(new BlockNumber(block), p.tx(), p.logIndex());
  }

  private static MarketCall.Activate.Item spoilt(MarketCall.Activate.Item item) {
    byte[] openings = Arrays.copyOf(item.openings(), item.openings().length);
    openings[40] ^= 1;
    return new MarketCall.Activate.Item(item.proposal(), openings);
  }
}
