package io.granary.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.auditor.replay.AuditReport;
import io.granary.auditor.replay.ChainAudit;
import io.granary.auditor.replay.RebuiltState;
import io.granary.contracts.DevMarket;
import io.granary.contracts.GranaryChain;
import io.granary.contracts.devnet.Faucet;
import io.granary.protocol.chain.MandateUse;
import io.granary.protocol.chain.MarketCall;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MarketHistory;
import io.granary.protocol.chain.RenewalLimits;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.Mandate;
import io.granary.protocol.deal.SignedMandate;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import io.granary.protocol.values.TxHash;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A client that is away, a stranger that renews its deal for a tip, and an audit of it all. */
class MandateIT {
  private static final TokenAmount TIP = TokenAmount.of(1234);

  @TempDir Path dir;

  private static void refused(String why, TxResult result) {
    assertEquals(why, assertInstanceOf(TxResult.Refused.class, result).error());
  }

  private void prove(DevMarket m, long period) throws IOException {
    m.mineToWindow(new Period(period));
    m.operator
        .actions()
        .prove(m.miner(), new Period(period), m.openings(new Period(period)))
        .orThrow();
  }

  @Test
  void a_third_party_renews_a_deal_that_then_proves_on() throws IOException {
    EthKey strangerKey = EthKey.generate();
    try (DevMarket m = new DevMarket(dir);
        Faucet faucet = new Faucet(m.anvil.endpoint(), m.deployment.token());
        GranaryChain stranger = m.connect(strangerKey)) {
      faucet.give(strangerKey.address(), 1, TokenAmount.ZERO);
      DealProposal p = m.activeDeal(m.data(4_000), 6);
      DealId id = m.idOf(p);
      DealSnapshot before = m.client.queries().deal(id).orElseThrow();
      TokenAmount perPeriod = DevMarket.PRICE_PER_LEAF.times(p.size().leafCount());
      Mandate mandate =
          new Mandate(
              id,
              2,
              1,
              perPeriod,
              before.collateral(),
              TokenAmount.parseTokens("1"),
              TIP,
              new BlockNumber(m.head() + 1000));
      SignedMandate signed =
          new SignedMandate(
              mandate, m.clientKey.sign(Eip712.mandate(m.client.terms().domain(), mandate)));
      long start = before.start().index();
      prove(m, start);
      refused("MandateTooEarly", stranger.actions().executeMandate(signed));
      for (long period = start + 1; period < start + 4; period++) {
        prove(m, period);
      }
      refused("MandatesNotTaken", stranger.actions().executeMandate(signed));
      refused(
          "NotRegistered",
          m.operator
              .actions()
              .setRenewalLimits(
                  new RenewalLimits(DevMarket.PRICE_PER_LEAF, TokenAmount.parseTokens("1"), 2)));
      m.owner
          .actions()
          .setRenewalLimits(
              new RenewalLimits(DevMarket.PRICE_PER_LEAF, TokenAmount.parseTokens("1"), 2))
          .orThrow();
      assertTrue(m.client.queries().renewalLimits(m.miner()).open());
      stranger.actions().executeMandate(signed).orThrow();
      assertEquals(TIP, m.client.queries().account(strangerKey.address()).balance());
      DealSnapshot after = m.client.queries().deal(id).orElseThrow();
      assertEquals(before.end().plus(2), after.end());
      MandateUse use =
          m.client.queries().mandateUse(Eip712.mandate(m.client.terms().domain(), mandate));
      assertEquals(new MandateUse(1, false, perPeriod.times(2).plus(TIP)), use);
      refused("MandateUsedUp", stranger.actions().executeMandate(signed));
      refused("NotClient", stranger.actions().revokeMandate(mandate));
      m.client.actions().revokeMandate(mandate).orThrow();
      refused("MandateRevoked", stranger.actions().executeMandate(signed));
      for (long period = start + 4; period < after.end().index(); period++) {
        prove(m, period);
      }
      m.minePast(new Period(after.end().index() - 1));
      m.anvil.mine(m.client.terms().collateralHold());
      stranger.actions().complete(id).orThrow();

      AuditReport report = audit(m, e -> e);
      assertTrue(report.ok(), report::toString);
      assertTrue(RebuiltState.assertMatches(m) > 0);
      assertTrue(CountedMoney.assertMatches(m) > 0);
      assertFound(m, "renewals by mandate", e -> changed(e, 2, TIP));
      assertFound(m, "within the cap", e -> changed(e, 1, m.client.terms().tipCap().plus(TIP)));
      assertFound(m, "balance of", e -> changed(e, 1, TIP.plus(TokenAmount.of(1))));
      assertFound(m, "balance of", e -> e instanceof MarketEvent.MandateExecuted ? null : e);
    }
  }

  private static MarketEvent changed(MarketEvent event, long used, TokenAmount tip) {
    return event instanceof MarketEvent.MandateExecuted e
        ? new MarketEvent.MandateExecuted(
            e.at(), e.dealId(), e.digest(), e.by(), used, e.taken(), tip)
        : event;
  }

  private static void assertFound(DevMarket m, String what, UnaryOperator<MarketEvent> lie) {
    AuditReport report = audit(m, lie);
    assertFalse(report.ok(), what);
    assertTrue(
        report.firstFinding().orElseThrow().what().contains(what),
        () -> report.firstFinding().orElseThrow().toString());
  }

  private static AuditReport audit(DevMarket m, UnaryOperator<MarketEvent> lie) {
    MarketHistory told =
        new MarketHistory() {
          @Override
          public BlockNumber deployedAt() {
            return m.client.queries().deployedAt();
          }

          @Override
          public List<MarketEvent> events(BlockNumber from, BlockNumber to) {
            return m.client.queries().events(from, to).stream()
                .map(lie)
                .filter(java.util.Objects::nonNull)
                .toList();
          }

          @Override
          public List<MarketCall> calls(TxHash tx) {
            return m.client.queries().calls(tx);
          }
        };
    return new ChainAudit(m.client.queries(), told, m.client.queries()).run();
  }
}
