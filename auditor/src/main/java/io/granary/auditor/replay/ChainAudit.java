package io.granary.auditor.replay;

import io.granary.protocol.chain.ChainReader;
import io.granary.protocol.chain.MarketHistory;
import io.granary.protocol.chain.MarketReader;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import java.math.BigInteger;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Replays a market from its deployment: re-derives every deal id, challenge, opening, period bit,
 * payment and slash from chain data alone, then compares the outcome with the contract's state.
 * Uses the block hash seed source (Protocol §5.6).
 */
public final class ChainAudit {
  // A busy chain moves on while it is compared; each round replays what came meanwhile.
  private static final int ROUNDS = 20;

  private final ChainReader chain;
  private final MarketHistory history;
  private final MarketReader reader;

  /** Over a chain. */
  public ChainAudit(ChainReader chain, MarketHistory history, MarketReader reader) {
    this.chain = chain;
    this.history = history;
    this.reader = reader;
  }

  /** Replays everything up to the head. */
  public AuditReport run() {
    MarketModel model = new MarketModel(reader.terms(), n -> chain.block(n).hash(), history::calls);
    BlockNumber from = history.deployedAt();
    BlockNumber next = from;
    BlockNumber head = from;
    try {
      for (int round = 0; round < ROUNDS; round++) {
        head = chain.head().number();
        if (!next.isAfter(head)) {
          history.events(next, head).forEach(model::apply);
          next = head.plus(1);
        }
        Optional<Finding> difference = compare(model, head);
        if (difference.isEmpty()) {
          return report(model, from, head, null);
        }
        // Only a difference at a standstill is one of the chain's own.
        BlockNumber now = chain.head().number();
        boolean still = next.isAfter(now) || history.events(next, now).isEmpty();
        if (still && compare(model, head).isPresent()) {
          return report(model, from, head, difference.get());
        }
      }
      return report(
          model,
          from,
          head,
          new Finding(
              head.value(),
              "",
              "a standstill to compare at",
              "within " + ROUNDS + " rounds",
              "the chain moved on each time; run again"));
    } catch (Finding.FoundException e) {
      return report(model, from, head, e.finding());
    }
  }

  private Optional<Finding> compare(MarketModel model, BlockNumber head) {
    for (Map.Entry<Address, BigInteger> account : model.balances.entrySet()) {
      BigInteger actual = reader.account(account.getKey()).balance().units();
      if (!actual.equals(account.getValue())) {
        return Optional.of(
            new Finding(
                head.value(),
                "",
                "balance of " + account.getKey(),
                account.getValue().toString(),
                actual.toString()));
      }
    }
    BigInteger burned = reader.burned().units();
    if (!burned.equals(model.burned)) {
      return Optional.of(
          new Finding(
              head.value(), "", "tokens burned", model.burned.toString(), burned.toString()));
    }
    for (ModelDeal d : model.deals.values()) {
      Optional<Finding> difference = compare(d, head);
      if (difference.isPresent()) {
        return difference;
      }
    }
    BigInteger owed =
        model.balances.values().stream()
            .reduce(BigInteger.ZERO, BigInteger::add)
            .add(model.locked())
            .add(burned);
    BigInteger held = reader.walletBalance(reader.terms().domain().market()).units();
    return held.compareTo(owed) < 0
        ? Optional.of(
            new Finding(
                head.value(), "", "tokens held by the market", "at least " + owed, held.toString()))
        : Optional.empty();
  }

  private Optional<Finding> compare(ModelDeal d, BlockNumber head) {
    Optional<DealSnapshot> actual = reader.deal(d.id);
    DealState state = actual.map(DealSnapshot::state).orElse(DealState.NONE);
    if (state != d.state) {
      return Optional.of(
          new Finding(
              head.value(), "", "state of deal " + d.id, d.state.toString(), state.toString()));
    }
    if (d.state == DealState.ACTIVE || d.state == DealState.FAULTY) {
      DealSnapshot s = actual.orElseThrow();
      String expected =
          d.end
              + "/"
              + d.price.units()
              + "/"
              + d.cursor
              + "/"
              + d.proved
              + "/"
              + d.unproved()
              + "/"
              + d.run
              + "/"
              + d.collateral
              + "/"
              + (d.state == DealState.FAULTY ? d.faultySince : 0);
      String found =
          s.end()
              + "/"
              + s.price().units()
              + "/"
              + s.cursor()
              + "/"
              + s.proved()
              + "/"
              + s.missed()
              + "/"
              + s.missRun()
              + "/"
              + s.collateral().units()
              + "/"
              + s.faultySince();
      if (!expected.equals(found)) {
        return Optional.of(
            new Finding(
                head.value(),
                "",
                "end/price/cursor/proved/missed/run/collateral/faultySince of deal " + d.id,
                expected,
                found));
      }
    }
    return Optional.empty();
  }

  private static AuditReport report(
      MarketModel m,
      BlockNumber from,
      BlockNumber to,
      @org.jspecify.annotations.Nullable Finding finding) {
    BigInteger paid = BigInteger.ZERO;
    BigInteger refunded = BigInteger.ZERO;
    BigInteger slashed = BigInteger.ZERO;
    long proved = 0;
    long missed = 0;
    for (ModelDeal d : m.deals.values()) {
      paid = paid.add(d.paid);
      refunded = refunded.add(d.refunded);
      slashed = slashed.add(d.slashed);
      proved += d.provedInAll();
      missed += d.missedInAll();
    }
    return new AuditReport(
        finding == null,
        from.value(),
        to.value(),
        finding,
        new AuditReport.Totals(
            m.events,
            m.deals.size(),
            m.sealOpenings,
            m.proofs,
            m.openings,
            proved,
            missed,
            paid.toString(),
            refunded.toString(),
            slashed.toString(),
            m.burned.toString()),
        m.deals.values().stream().map(ChainAudit::row).toList(),
        m.unseen);
  }

  private static AuditReport.DealRow row(ModelDeal d) {
    return new AuditReport.DealRow(
        d.id.toString(),
        d.terms.miner().toString(),
        d.terms.client().toString(),
        d.state.toString(),
        d.terms.size().bytes(),
        d.provedInAll(),
        d.missedInAll(),
        d.paid.toString(),
        d.slashed.toString());
  }

  /** Keeps only the rows that a person asked for; the check itself is always of everything. */
  public static AuditReport filter(AuditReport report, Predicate<AuditReport.DealRow> wanted) {
    return new AuditReport(
        report.ok(),
        report.fromBlock(),
        report.toBlock(),
        report.finding(),
        report.totals(),
        report.deals().stream().filter(wanted).toList(),
        report.unseen());
  }
}
