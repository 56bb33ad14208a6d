package io.granary.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.auditor.replay.AuditReport;
import io.granary.auditor.replay.ChainAudit;
import io.granary.auditor.replay.RebuiltState;
import io.granary.contracts.DevMarket;
import io.granary.proofs.Hash32;
import io.granary.protocol.chain.MarketCall;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MarketHistory;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import io.granary.protocol.values.TxHash;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A true history is found ok; the same history with one thing changed is not, and the audit names
 * that thing.
 */
class AuditMutationIT {
  @TempDir Path dir;
  private DevMarket market;
  private Period extendedFrom = new Period(0);

  @BeforeEach
  void live() throws Exception {
    market = new DevMarket(dir);
    DealProposal left = market.activeDeal(market.data(1_100), 12);
    DealProposal both = market.activeDeal(market.data(300), 12);
    DealProposal good = market.activeDeal(market.data(9_000), 3);
    DealProposal bad = market.activeDeal(market.data(700), 9);
    DealId goodId = market.idOf(good);
    long start = market.client.queries().deal(goodId).orElseThrow().start().index();
    long now = market.currentPeriod().index();
    for (long p = Math.max(start, now); p < start + 4; p++) {
      market.mineToWindow(new Period(p));
      market
          .operator
          .actions()
          .prove(market.miner(), new Period(p), market.openings(new Period(p)))
          .orThrow();
      if (extendedFrom.index() == 0) {
        // Dearer, with more collateral; from here on the proofs are those of the extended deal.
        extendedFrom = new Period(p + 1);
        var extended =
            market
                .operator
                .actions()
                .extend(
                    List.of(
                        market.extension(good, 1, good.price().plus(TokenAmount.of(1_000_007)))));
        assertEquals("", extended.items().getFirst().skipped());
        market.client.actions().giveNotice(market.idOf(left)).orThrow();
        market.operator.actions().endEarly(market.earlyEnd(both, true)).orThrow();
        // The second deal's misses begin before it and go on after it.
        market
            .operator
            .actions()
            .announceMaintenance(market.miner(), new Period(start + 5), 1)
            .orThrow();
      }
    }
    long end = market.client.queries().deal(market.idOf(bad)).orElseThrow().end().index();
    market.minePast(new Period(end + 1));
    market.operator.actions().settle(List.of(goodId)).orThrow();
    market.client.actions().complete(goodId).orThrow();
    market.client.actions().complete(market.idOf(left)).orThrow();
    market.client.actions().terminate(market.idOf(bad)).orThrow();
  }

  @AfterEach
  void stop() throws Exception {
    market.close();
  }

  /** The market's history as a lying node would tell it. */
  private final class Lying implements MarketHistory {
    private final UnaryOperator<MarketEvent> event;
    private final UnaryOperator<MarketCall> call;

    Lying(UnaryOperator<MarketEvent> event, UnaryOperator<MarketCall> call) {
      this.event = event;
      this.call = call;
    }

    @Override
    public BlockNumber deployedAt() {
      return market.client.queries().deployedAt();
    }

    @Override
    public List<MarketEvent> events(BlockNumber from, BlockNumber to) {
      List<MarketEvent> told = new ArrayList<>();
      for (MarketEvent e : market.client.queries().events(from, to)) {
        MarketEvent changed = event.apply(e);
        if (changed != null) {
          told.add(changed);
        }
      }
      return told;
    }

    @Override
    public List<MarketCall> calls(TxHash tx) {
      return market.client.queries().calls(tx).stream().map(call).toList();
    }
  }

  private AuditReport audit(UnaryOperator<MarketEvent> event, UnaryOperator<MarketCall> call) {
    return new ChainAudit(market.client.queries(), new Lying(event, call), market.client.queries())
        .run();
  }

  private void found(String what, UnaryOperator<MarketEvent> event) {
    AuditReport report = audit(event, c -> c);
    assertFalse(report.ok(), what);
    assertTrue(
        report.firstFinding().orElseThrow().what().contains(what),
        () -> report.firstFinding().orElseThrow().toString());
  }

  private static Stream<MarketCall.Activate.Item> withABadOneBefore(MarketCall.Activate.Item item) {
    return Stream.of(new MarketCall.Activate.Item(item.proposal(), new byte[7]), item);
  }

  private static TokenAmount more(TokenAmount amount) {
    return amount.plus(TokenAmount.of(1));
  }

  /** The same event as it looks when its sender gave the deal's key and other last bytes. */
  private static MarketEvent withOtherTail(MarketEvent event) {
    return switch (event) {
      case MarketEvent.DealSettled s ->
          new MarketEvent.DealSettled(
              s.at(),
              otherTail(s.dealId()),
              s.from(),
              s.to(),
              s.proved(),
              s.excused(),
              s.paid(),
              s.feeBurned(),
              s.refunded(),
              s.slashed(),
              s.slashedToClient());
      case MarketEvent.DealExtended x ->
          new MarketEvent.DealExtended(
              x.at(),
              otherTail(x.dealId()),
              x.miner(),
              x.from(),
              x.end(),
              x.price(),
              x.collateral(),
              x.carried());
      case MarketEvent.DealShortened x ->
          new MarketEvent.DealShortened(
              x.at(), otherTail(x.dealId()), x.miner(), x.from(), x.end(), x.price(), x.refunded());
      case MarketEvent.DealCompleted c ->
          new MarketEvent.DealCompleted(c.at(), otherTail(c.dealId()), c.collateral(), c.dust());
      case MarketEvent.DealTerminated t ->
          new MarketEvent.DealTerminated(
              t.at(),
              otherTail(t.dealId()),
              t.by(),
              t.exitPeriod(),
              t.refunded(),
              t.toClient(),
              t.tip(),
              t.burned());
      case MarketEvent.EntryPurged p ->
          new MarketEvent.EntryPurged(p.at(), otherTail(p.dealId()), p.miner());
      default -> event;
    };
  }

  private static DealId otherTail(DealId id) {
    byte[] bytes = id.hash().bytes();
    bytes[31] ^= 1;
    return new DealId(Hash32.of(bytes));
  }

  @Test
  void a_stranger_who_gives_a_deal_other_last_bytes_spoils_no_audit() {
    AuditReport report = audit(AuditMutationIT::withOtherTail, c -> c);
    assertTrue(report.ok(), () -> report.firstFinding().toString());
    assertTrue(RebuiltState.assertMatches(market) > 0);
    assertTrue(CountedMoney.assertMatches(market) > 0);
    assertEquals(audit(e -> e, c -> c).deals(), report.deals());
  }

  private void foundInMaintenance(
      String what, UnaryOperator<MarketEvent.MaintenanceAnnounced> change) {
    found(what, e -> e instanceof MarketEvent.MaintenanceAnnounced a ? change.apply(a) : e);
  }

  @Test
  void each_lie_about_maintenance_is_named() {
    AuditReport honest = audit(e -> e, c -> c);
    assertTrue(honest.ok(), () -> honest.firstFinding().toString());
    found("beyond its default", e -> e instanceof MarketEvent.MaintenanceAnnounced ? null : e);
    found(
        "excused periods of",
        e ->
            e instanceof MarketEvent.DealSettled s
                ? new MarketEvent.DealSettled(
                    s.at(),
                    s.dealId(),
                    s.from(),
                    s.to(),
                    s.proved(),
                    s.excused() + 1,
                    s.paid(),
                    s.feeBurned(),
                    s.refunded(),
                    s.slashed(),
                    s.slashedToClient())
                : e);
    foundInMaintenance(
        "length of a maintenance",
        a -> new MarketEvent.MaintenanceAnnounced(a.at(), a.miner(), a.first(), 0));
    foundInMaintenance(
        "notice of a maintenance",
        a ->
            new MarketEvent.MaintenanceAnnounced(
                a.at(), a.miner(), new Period(a.first().index() - 4), 1));
    foundInMaintenance(
        "end of a maintenance",
        a -> new MarketEvent.MaintenanceAnnounced(a.at(), a.miner(), a.first(), 1L << 30));
    foundInMaintenance(
        "in the quarter of",
        a -> new MarketEvent.MaintenanceAnnounced(a.at(), a.miner(), a.first(), 9));
    // Two periods earlier it would be one that was proved.
    foundInMaintenance(
        "is maintenance",
        a ->
            new MarketEvent.MaintenanceAnnounced(
                a.at(), a.miner(), new Period(a.first().index() - 2), 1));
  }

  private static MarketEvent extended(
      MarketEvent event, UnaryOperator<MarketEvent.DealExtended> change) {
    return event instanceof MarketEvent.DealExtended x ? change.apply(x) : event;
  }

  @Test
  void each_lie_about_an_extension_is_named() {
    List<MarketEvent.DealExtended> told =
        market
            .client
            .queries()
            .events(market.client.queries().deployedAt(), market.client.queries().head().number())
            .stream()
            .filter(MarketEvent.DealExtended.class::isInstance)
            .map(MarketEvent.DealExtended.class::cast)
            .toList();
    assertEquals(1, told.size());
    MarketEvent.DealExtended x = told.getFirst();
    assertTrue(x.carried().units().signum() > 0);

    // Its entry would no longer be drawn in the periods that the extension added.
    found("of period", e -> e instanceof MarketEvent.DealExtended ? null : e);
    found(
        "first period of the extension",
        e ->
            extended(
                e,
                d ->
                    new MarketEvent.DealExtended(
                        d.at(),
                        d.dealId(),
                        d.miner(),
                        d.from().next(),
                        d.end(),
                        d.price(),
                        d.collateral(),
                        d.carried())));
    found(
        "new end of",
        e ->
            extended(
                e,
                d ->
                    new MarketEvent.DealExtended(
                        d.at(),
                        d.dealId(),
                        d.miner(),
                        d.from(),
                        d.from().next(),
                        d.price(),
                        d.collateral(),
                        d.carried())));
    found(
        "unspent price carried on",
        e ->
            extended(
                e,
                d ->
                    new MarketEvent.DealExtended(
                        d.at(),
                        d.dealId(),
                        d.miner(),
                        d.from(),
                        d.end(),
                        d.price(),
                        d.collateral(),
                        more(d.carried()))));
    found(
        "rest of the new price",
        e ->
            extended(
                e,
                d ->
                    new MarketEvent.DealExtended(
                        d.at(),
                        d.dealId(),
                        d.miner(),
                        d.from(),
                        d.end(),
                        more(d.price()),
                        d.collateral(),
                        d.carried())));
    found(
        "bounds of the extension",
        e ->
            extended(
                e,
                d ->
                    new MarketEvent.DealExtended(
                        d.at(),
                        d.dealId(),
                        d.miner(),
                        d.from(),
                        d.end(),
                        TokenAmount.ZERO,
                        d.collateral(),
                        d.carried())));
    found(
        "pay of",
        e ->
            extended(
                e,
                d ->
                    new MarketEvent.DealExtended(
                        d.at(),
                        d.dealId(),
                        d.miner(),
                        d.from(),
                        d.end(),
                        d.price().minus(TokenAmount.of(d.end().index() - d.from().index())),
                        d.collateral(),
                        d.carried())));
    found(
        "collateral freed",
        e ->
            extended(
                e,
                d ->
                    new MarketEvent.DealExtended(
                        d.at(),
                        d.dealId(),
                        d.miner(),
                        d.from(),
                        d.end(),
                        d.price(),
                        more(d.collateral()),
                        d.carried())));
  }

  private static @Nullable MarketEvent shortened(
      MarketEvent event, boolean atOnce, UnaryOperator<MarketEvent.DealShortened> change) {
    return event instanceof MarketEvent.DealShortened x && x.end().equals(x.from()) == atOnce
        ? change.apply(x)
        : event;
  }

  private static MarketEvent.DealShortened shortened(
      MarketEvent.DealShortened x,
      Period from,
      Period end,
      TokenAmount price,
      TokenAmount refunded) {
    return new MarketEvent.DealShortened(x.at(), x.dealId(), x.miner(), from, end, price, refunded);
  }

  @Test
  void each_lie_about_an_early_end_is_named() {
    AuditReport truth = audit(e -> e, c -> c);
    assertTrue(truth.ok(), () -> truth.firstFinding().toString());
    for (boolean atOnce : new boolean[] {false, true}) {
      found(
          "first period of the notice",
          e ->
              shortened(
                  e, atOnce, x -> shortened(x, x.from().next(), x.end(), x.price(), x.refunded())));
      found(
          "nearer end of",
          e ->
              shortened(
                  e, atOnce, x -> shortened(x, x.from(), x.end().next(), x.price(), x.refunded())));
      found(
          "price of the notice",
          e ->
              shortened(
                  e, atOnce, x -> shortened(x, x.from(), x.end(), more(x.price()), x.refunded())));
      found(
          "refund at the early end",
          e ->
              shortened(
                  e, atOnce, x -> shortened(x, x.from(), x.end(), x.price(), more(x.refunded()))));
    }
    // Unsaid, the deals would be completed long before their ends.
    found("settled periods of", e -> shortened(e, true, x -> null));
    found("settled periods of", e -> shortened(e, false, x -> null));
    // A notice passed off as a consent.
    found(
        "price of the notice",
        e -> shortened(e, false, x -> shortened(x, x.from(), x.from(), x.price(), x.refunded())));
  }

  @Test
  void the_true_history_is_ok_and_each_lie_is_named() {
    AuditReport truth = audit(e -> e, c -> c);
    assertTrue(truth.ok(), () -> truth.firstFinding().toString());
    assertTrue(
        truth.totals().openings() > 0 && truth.totals().sealOpenings() == 8 && truth.unseen() == 0);

    found(
        "balance of",
        e ->
            e instanceof MarketEvent.Deposited d
                ? new MarketEvent.Deposited(d.at(), d.account(), d.from(), more(d.amount()))
                : e);
    found(
        "id of a published deal",
        e ->
            e instanceof MarketEvent.DealPublished d
                ? new MarketEvent.DealPublished(
                    d.at(), new DealId(Hash32.ZERO), d.proposal(), d.sealedRoot(), d.sealBlock())
                : e);
    found(
        "seal opening",
        e ->
            e instanceof MarketEvent.DealPublished d
                ? new MarketEvent.DealPublished(
                    d.at(), d.dealId(), d.proposal(), Hash32.ZERO, d.sealBlock())
                : e);
    found(
        "first period",
        e ->
            e instanceof MarketEvent.DealActivated d
                ? new MarketEvent.DealActivated(
                    d.at(), d.dealId(), d.miner(), d.start().next(), d.end().next())
                : e);
    found(
        "pay of",
        e ->
            e instanceof MarketEvent.DealSettled s && s.proved() > 0
                ? new MarketEvent.DealSettled(
                    s.at(),
                    s.dealId(),
                    s.from(),
                    s.to(),
                    s.proved(),
                    s.excused(),
                    more(s.paid()),
                    s.feeBurned(),
                    s.refunded(),
                    s.slashed(),
                    s.slashedToClient())
                : e);
    found(
        "client's share of the slash",
        e ->
            e instanceof MarketEvent.DealSettled s && s.slashed().units().signum() > 0
                ? new MarketEvent.DealSettled(
                    s.at(),
                    s.dealId(),
                    s.from(),
                    s.to(),
                    s.proved(),
                    s.excused(),
                    s.paid(),
                    s.feeBurned(),
                    s.refunded(),
                    s.slashed(),
                    more(s.slashedToClient()))
                : e);
    found("last period settled", e -> e instanceof MarketEvent.PeriodProved ? null : e);
    found(
        "proved periods",
        e -> e instanceof MarketEvent.PeriodProved p && p.period().equals(extendedFrom) ? null : e);
    found(
        "window of period",
        e ->
            e instanceof MarketEvent.PeriodProved p
                ? new MarketEvent.PeriodProved(p.at(), p.miner(), p.period().next(), p.sender())
                : e);
    found(
        "collateral freed",
        e ->
            e instanceof MarketEvent.DealCompleted c
                ? new MarketEvent.DealCompleted(c.at(), c.dealId(), more(c.collateral()), c.dust())
                : e);
    found(
        "burn at the termination",
        e ->
            e instanceof MarketEvent.DealTerminated t
                ? new MarketEvent.DealTerminated(
                    t.at(),
                    t.dealId(),
                    t.by(),
                    t.exitPeriod(),
                    t.refunded(),
                    t.toClient(),
                    t.tip(),
                    more(t.burned()))
                : e);
    found("balance of", e -> e instanceof MarketEvent.DealTerminated ? null : e);

    AuditReport second =
        audit(
            e -> e,
            c ->
                c instanceof MarketCall.Activate a
                    ? new MarketCall.Activate(
                        a.items().stream().flatMap(AuditMutationIT::withABadOneBefore).toList())
                    : c);
    assertTrue(second.ok(), "the contract passes over a bad item, and so does the audit");

    AuditReport forged =
        audit(
            e -> e,
            c -> {
              if (c instanceof MarketCall.Prove p) {
                byte[] openings = p.openings().clone();
                openings[3] ^= 1;
                return new MarketCall.Prove(p.miner(), p.period(), openings);
              }
              return c;
            });
    assertTrue(
        forged.firstFinding().orElseThrow().what().startsWith("opening 0 of period"),
        forged.toString());
  }
}
