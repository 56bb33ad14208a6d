package io.granary.miner.money;

import io.granary.protocol.chain.ChainReader;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MarketHistory;
import io.granary.protocol.chain.MarketReader;
import io.granary.protocol.chain.TransactionHistory;
import io.granary.protocol.chain.TxCost;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.BlockRef;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads a miner's profit and loss from the chain, and compares what it has counted with what the
 * contract says. Every method throws {@link ChainUnavailableException}, also when the endpoint does
 * not tell all events.
 */
public final class EarningsReader {
  // So that the events of one step fit into little memory whatever the market's size.
  private static final long BLOCKS = 20_000;
  private static final int TRIES = 20;

  private final ChainReader chain;
  private final MarketReader market;
  private final MarketHistory history;
  private final TransactionHistory transactions;

  /** Over these ports. */
  public EarningsReader(
      ChainReader chain,
      MarketReader market,
      MarketHistory history,
      TransactionHistory transactions) {
    this.chain = chain;
    this.market = market;
    this.history = history;
    this.transactions = transactions;
  }

  /**
   * Counts.
   *
   * @param operators accounts that send for the miner, now or earlier
   * @param from first block; earlier ones than the market's count as that
   * @param to last block; later ones than the newest count as that
   * @param journal what the node has kept of its transactions' costs
   * @throws IllegalArgumentException when {@code from} lies after {@code to} or the newest block
   */
  public Earnings read(
      Address miner, Set<Address> operators, long from, long to, List<TxCost> journal) {
    long head = chain.head().number().value();
    long first = Math.max(from, history.deployedAt().value());
    long last = Math.min(to, head);
    if (first > last) {
      throw new IllegalArgumentException(
          "no block lies in " + from + " to " + to + "; the newest is " + head);
    }
    MoneyLedger ledger = new MoneyLedger(market.terms(), market.clock(miner), miner, operators);
    apply(ledger, history.deployedAt().value(), first - 1);
    Position start = position(ledger, first - 1);
    apply(ledger, first, last);
    Position end = position(ledger, last);
    Earnings.Check check = compare(ledger, last);
    List<TxCost> costs = costs(ledger, operators, journal);
    return new Earnings(
        miner,
        first,
        last,
        start,
        end,
        costs.stream()
            .filter(c -> c.block().value() >= first && c.block().value() <= last)
            .sorted(Comparator.comparingLong(c -> c.block().value()))
            .toList(),
        unknown(operators, costs),
        check);
  }

  private void apply(MoneyLedger ledger, long from, long to) {
    for (long at = from; at <= to; at += BLOCKS) {
      long until = Math.min(to, at + BLOCKS - 1);
      List<MarketEvent> events = history.events(new BlockNumber(at), new BlockNumber(until));
      try {
        events.forEach(ledger::apply);
      } catch (IllegalArgumentException e) {
        throw incomplete(until, e);
      }
    }
  }

  private static Position position(MoneyLedger ledger, long block) {
    try {
      return ledger.position(block);
    } catch (IllegalArgumentException e) {
      throw incomplete(block, e);
    }
  }

  /** Nothing that the market holds is ever below zero; a count that is has not seen all events. */
  private static ChainUnavailableException incomplete(long block, IllegalArgumentException e) {
    return new ChainUnavailableException(
        "the events up to block "
            + block
            + " do not add up: the endpoint does not tell all of them since the market's"
            + " deployment; give another with --rpc ("
            + e.getMessage()
            + ")",
        e);
  }

  // ---------------------------------------------------------------- against the contract

  /** Compares at a block that is the newest from the first question to the last. */
  private Earnings.Check compare(MoneyLedger ledger, long applied) {
    long done = applied;
    for (int i = 0; i < TRIES; i++) {
      BlockRef head = chain.head();
      apply(ledger, done + 1, head.number().value());
      done = Math.max(done, head.number().value());
      List<String> differences = differences(position(ledger, done));
      if (chain.head().equals(head)) {
        return new Earnings.Check(done, true, differences);
      }
    }
    return new Earnings.Check(done, false, List.of());
  }

  private List<String> differences(Position counted) {
    List<String> found = new ArrayList<>();
    counted
        .accounts()
        .forEach(
            (account, money) -> {
              differ(
                  found,
                  "balance of " + account,
                  money.balance().units(),
                  market.account(account).balance().units());
              differ(found, "ether of " + account, money.ether(), market.etherOf(account));
            });
    Map<DealId, DealMoney> live = new LinkedHashMap<>();
    counted.deals().stream().filter(d -> !d.state().isFinal()).forEach(d -> live.put(d.id(), d));
    Map<DealId, DealSnapshot> actual = market.deals(live.keySet());
    live.forEach(
        (id, money) ->
            differ(
                found,
                "collateral of deal " + id,
                money.locked().units(),
                actual.containsKey(id) ? actual.get(id).collateral().units() : BigInteger.ZERO));
    return found;
  }

  private static void differ(
      List<String> found, String what, BigInteger counted, BigInteger actual) {
    if (!counted.equals(actual)) {
      found.add(what + ": counted " + counted + ", the contract says " + actual);
    }
  }

  // ---------------------------------------------------------------- gas

  /** The journal, and what it has not of the transactions that made events about the miner. */
  private List<TxCost> costs(MoneyLedger ledger, Set<Address> operators, List<TxCost> journal) {
    Map<TxHash, TxCost> known = new HashMap<>();
    journal.stream()
        .filter(c -> operators.contains(c.sender()))
        .forEach(c -> known.put(c.hash(), c));
    for (TxHash tx : ledger.transactions()) {
      if (!known.containsKey(tx)) {
        transactions
            .cost(tx)
            .filter(c -> operators.contains(c.sender()))
            .ifPresent(c -> known.put(tx, c));
      }
    }
    return List.copyOf(known.values());
  }

  private Map<Address, Long> unknown(Set<Address> operators, List<TxCost> costs) {
    Map<Address, Long> missing = new HashMap<>();
    for (Address operator : operators) {
      long found = costs.stream().filter(c -> c.sender().equals(operator)).count();
      long sent = transactions.sent(operator);
      if (sent > found) {
        missing.put(operator, sent - found);
      }
    }
    return missing;
  }
}
