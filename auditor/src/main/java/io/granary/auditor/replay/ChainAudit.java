package io.granary.auditor.replay;

import io.granary.proofs.Hash32;
import io.granary.proofs.LeafIndex;
import io.granary.protocol.chain.ChainReader;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.MarketHistory;
import io.granary.protocol.chain.MarketReader;
import io.granary.protocol.chain.OpenDemand;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Replays a market from its deployment: re-derives every deal id, challenge, opening, period bit,
 * payment and slash from chain data alone, then compares the outcome with the contract's state.
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
    MarketModel model = new MarketModel(reader.terms(), this::seedValue, history::calls);
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

  private Hash32 seedValue(BlockNumber block) {
    return reader
        .seedValue(block)
        .orElseThrow(
            () ->
                new ChainUnavailableException(
                    "the endpoint tells of a draw from block "
                        + block
                        + ", whose seed it does not know yet: ask one that is up to date, with --rpc",
                    null));
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
    Optional<Finding> ether = compareEther(model.demands, head);
    if (ether.isPresent()) {
      return ether;
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

  private Optional<Finding> compareEther(DemandModel model, BlockNumber head) {
    for (Map.Entry<Address, BigInteger> account : model.ether.entrySet()) {
      BigInteger actual = reader.etherOf(account.getKey());
      if (!actual.equals(account.getValue())) {
        return Optional.of(
            new Finding(
                head.value(),
                "",
                "ether of " + account.getKey(),
                account.getValue().toString(),
                actual.toString()));
      }
    }
    List<OpenDemand> expected =
        model.open.entrySet().stream().map(e -> openDemand(e.getKey(), e.getValue())).toList();
    List<DealId> deals = expected.stream().map(OpenDemand::dealId).distinct().toList();
    List<OpenDemand> found = reader.demands(deals);
    if (!Set.copyOf(expected).equals(Set.copyOf(found))) {
      return Optional.of(
          new Finding(head.value(), "", "open demands", expected.toString(), found.toString()));
    }
    BigInteger held = chain.wei(reader.terms().domain().market());
    return held.compareTo(model.owed()) < 0
        ? Optional.of(
            new Finding(
                head.value(),
                "",
                "ether held by the market",
                "at least " + model.owed(),
                held.toString()))
        : Optional.empty();
  }

  private static OpenDemand openDemand(DemandModel.Slot slot, DemandModel.Open open) {
    return new OpenDemand(
        slot.deal(),
        slot.byAuditor(),
        new LeafIndex(open.leaf()),
        open.bond(),
        new BlockNumber(open.deadline()));
  }

  private Optional<Finding> compare(ModelDeal d, BlockNumber head) {
    Optional<DealSnapshot> actual = reader.deal(d.id);
    DealState state = actual.map(DealSnapshot::state).orElse(DealState.NONE);
    if (state != d.state) {
      return Optional.of(
          new Finding(
              head.value(), "", "state of deal " + d.id, d.state.toString(), state.toString()));
    }
    if (d.state.isRunning()) {
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
            m.openings + m.demands.openings,
            proved,
            missed,
            paid.toString(),
            refunded.toString(),
            slashed.toString(),
            m.burned.toString()),
        m.deals.values().stream().map(ChainAudit::row).toList(),
        m.unseen + m.demands.unseen);
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
