package io.granary.auditor.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.granary.contracts.ChainQueries;
import io.granary.contracts.DevMarket;
import io.granary.proofs.Hash32;
import io.granary.proofs.LeafIndex;
import io.granary.proofs.challenge.SetEntry;
import io.granary.proofs.tree.TreeShape;
import io.granary.protocol.chain.AccountBalance;
import io.granary.protocol.chain.CollateralBudget;
import io.granary.protocol.chain.MandateUse;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.OpenDemand;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.HandOver;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.DealKey;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * All that a market stores, rebuilt from its logs alone and compared key by key with what its views
 * say. Tests call it at the end of what they did to a market.
 */
public final class RebuiltState {
  private final ChainQueries chain;
  private final MarketModel model;
  private final List<MarketEvent> events;
  private final long head;
  private int compared;

  private RebuiltState(DevMarket m) {
    this.chain = m.client.queries();
    this.head = m.head();
    // What transactions carried is not looked at: logs are all there is.
    this.model =
        new MarketModel(chain.terms(), b -> chain.seedValue(b).orElseThrow(), tx -> List.of());
    this.events = chain.events(chain.deployedAt(), new BlockNumber(head));
    events.forEach(model::apply);
  }

  /** Compares everything; the number of values that were. */
  public static int assertMatches(DevMarket m) {
    RebuiltState state = new RebuiltState(m);
    state.accounts();
    state.deals();
    state.cancelled();
    state.miners();
    state.mandates();
    state.demands();
    state.same("tokens burned", new TokenAmount(state.model.burned), state.chain.burned());
    return state.compared;
  }

  private void same(String what, Object rebuilt, Object actual) {
    assertEquals(rebuilt, actual, what);
    compared++;
  }

  private void accounts() {
    Set<Address> all = new HashSet<>(model.balances.keySet());
    all.addAll(model.requested.keySet());
    all.addAll(model.orderNonces.keySet());
    all.addAll(model.demands.ether.keySet());
    for (Address a : all) {
      AccountBalance rebuilt =
          new AccountBalance(
              amount(model.balances.get(a)),
              amount(model.requested.get(a)),
              new BlockNumber(model.releaseBlock.getOrDefault(a, 0L)));
      same("account " + a, rebuilt, chain.account(a));
      same("order nonce of " + a, model.orderNonces.getOrDefault(a, 0L), chain.orderNonce(a));
      same("ether of " + a, model.demands.ether.getOrDefault(a, BigInteger.ZERO), chain.etherOf(a));
    }
  }

  private static TokenAmount amount(@org.jspecify.annotations.Nullable BigInteger units) {
    return new TokenAmount(units == null ? BigInteger.ZERO : units);
  }

  private void deals() {
    for (ModelDeal d : model.deals.values()) {
      DealSnapshot actual = chain.deal(d.id).orElseThrow();
      same("deal " + d.id, rebuilt(d, actual), actual);
      ModelDeal next = d.successor;
      HandOver handOver =
          new HandOver(
              Optional.ofNullable(next).map(s -> DealKey.of(s.id)),
              next != null
                  && next.state == DealState.PUBLISHED
                  && head <= next.terms.activateBy().value(),
              d.waived);
      same("hand-over of " + d.id, handOver, chain.handOver(d.id));
    }
  }

  private DealSnapshot rebuilt(ModelDeal d, DealSnapshot actual) {
    boolean begun = d.end != 0;
    boolean published = d.state == DealState.PUBLISHED;
    boolean inSet =
        model.sets.containsKey(d.terms.miner()) && model.set(d.terms.miner()).contains(d.id.hash());
    return new DealSnapshot(
        d.id,
        d.state,
        d.terms.client(),
        d.terms.miner(),
        begun ? d.price : new TokenAmount(d.held),
        d.state.isRunning() || published ? new TokenAmount(d.collateral) : TokenAmount.ZERO,
        begun ? d.periods : 0,
        new Period(d.start),
        // Ended by both sides, it keeps the end that it had; the cursor says where it ended.
        d.endedByBoth ? actual.end() : new Period(d.end),
        new Period(d.cursor),
        begun ? d.proved : 0,
        d.endedByBoth ? actual.missed() : d.unproved(),
        (int) d.run,
        begun ? new BlockNumber(0) : d.terms.activateBy(),
        new BlockNumber(d.sealBlock),
        // A deal that is over has no root any more, or that of an entry that nobody has purged.
        d.state.isRunning() ? d.sealedRoot : actual.sealedRoot(),
        begun && !inSet,
        d.noticed,
        new Period(d.state == DealState.FAULTY ? d.faultySince : 0));
  }

  private void cancelled() {
    for (MarketEvent.DealCancelled c : model.cancelled.values()) {
      DealSnapshot actual = chain.deal(c.dealId()).orElseThrow();
      same("state of " + c.dealId(), DealState.CANCELLED, actual.state());
      same("client of " + c.dealId(), c.client(), actual.client());
      same("miner of " + c.dealId(), c.miner(), actual.miner());
    }
  }

  private void miners() {
    Map<Address, Long> live = new HashMap<>();
    Map<Address, Long> deadlines = new HashMap<>();
    for (ModelDeal d : model.deals.values()) {
      live.merge(d.terms.miner(), d.state.isFinal() ? 0L : 1L, Long::sum);
    }
    for (MarketEvent e : events) {
      if (e instanceof MarketEvent.DemandRaised r) {
        deadlines.merge(r.miner(), r.deadline().value(), Math::max);
      }
    }
    live.forEach(
        (miner, count) -> {
          same("live deals of " + miner, count, chain.liveDeals(miner));
          same(
              "last deadline of " + miner,
              new BlockNumber(deadlines.getOrDefault(miner, 0L)),
              chain.lastDeadline(miner));
          same("weight of " + miner, model.set(miner).weight(), chain.setWeight(miner));
          for (int h = 0; h <= TreeShape.MAX_HEIGHT; h++) {
            List<SetEntry> entries =
                model.set(miner).entries(h).stream().map(RebuiltState::asTold).toList();
            same("entries of " + miner + ", height " + h, entries, chain.setEntries(miner, h));
          }
          periods(miner);
          budget(miner);
        });
  }

  /** An entry has room for 23 bytes of the deal's id. */
  private static SetEntry asTold(SetEntry e) {
    byte[] key = Arrays.copyOf(Arrays.copyOf(e.dealId().bytes(), 23), 32);
    return new SetEntry(Hash32.of(key), e.sealedRoot(), e.leafCount(), e.end());
  }

  private void periods(Address miner) {
    Set<Long> proved = model.bits.getOrDefault(miner, Set.of());
    Set<Long> excused = model.excused.getOrDefault(miner, Set.of());
    Set<Long> told = new HashSet<>(proved);
    told.addAll(excused);
    for (long p : told) {
      for (long near = Math.max(0, p - 1); near <= p + 1; near++) {
        Period period = new Period(near);
        same("proved " + near, proved.contains(near), chain.isProved(miner, period));
        same("excused " + near, excused.contains(near), chain.isExcused(miner, period));
      }
      long begin = p - p % chain.terms().maintenanceQuarter();
      long used =
          excused.stream()
              .filter(x -> x >= begin && x < begin + chain.terms().maintenanceQuarter())
              .count();
      same(
          "maintenance left in the quarter of " + p,
          chain.terms().maintenancePeriods() - used,
          chain.maintenanceLeft(miner, new Period(p)));
    }
  }

  private void budget(Address miner) {
    CollateralBudget budget = chain.collateralBudget(miner);
    MarketEvent.BudgetSpent last = model.budgets.get(miner);
    boolean open =
        last != null
            && !budget.unlimited()
            && head + 1 < last.since().value() + budget.blocks()
            && last.amount().units().signum() > 0;
    if (open) {
      same("spent of the budget of " + miner, last.amount(), budget.spent());
      same(
          "end of the budget's window of " + miner,
          last.since().plus(budget.blocks()),
          budget.until());
    }
  }

  private void mandates() {
    Map<Hash32, TokenAmount> spent = new HashMap<>();
    Set<Hash32> all = new HashSet<>(model.revokedMandates);
    for (MarketEvent e : events) {
      if (e instanceof MarketEvent.MandateExecuted x) {
        spent.merge(x.digest(), x.taken(), TokenAmount::plus);
        all.add(x.digest());
      }
    }
    for (Hash32 digest : all) {
      MandateUse rebuilt =
          new MandateUse(
              model.mandateUses.getOrDefault(digest, 0L),
              model.revokedMandates.contains(digest),
              spent.getOrDefault(digest, TokenAmount.ZERO));
      same("mandate " + digest, rebuilt, chain.mandateUse(digest));
    }
  }

  private void demands() {
    List<DealId> ids = model.deals.values().stream().map(d -> d.id).toList();
    Set<OpenDemand> rebuilt = new HashSet<>();
    model.demands.open.forEach(
        (slot, open) ->
            rebuilt.add(
                new OpenDemand(
                    slot.deal(),
                    slot.byAuditor(),
                    new LeafIndex(open.leaf()),
                    open.bond(),
                    new BlockNumber(open.deadline()))));
    same("open demands", rebuilt, Set.copyOf(chain.demands(ids)));
  }
}
