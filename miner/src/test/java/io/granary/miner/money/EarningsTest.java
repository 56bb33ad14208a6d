package io.granary.miner.money;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.testing.ModelChain;
import io.granary.miner.testing.Samples;
import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.ChainReader;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.MarketCall;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MarketHistory;
import io.granary.protocol.chain.TransactionHistory;
import io.granary.protocol.chain.TxCost;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.BlockRef;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Events whose sums were worked out by hand; a period is 20 blocks, the market's share 1 %. */
class EarningsTest {
  private static final Address MINER = address("aa");
  private static final Address OPERATOR = address("bb");
  private static final Address CLIENT = address("cc");
  private static final DealId DEAL = Samples.id(1);
  private static final long FIRST = 5;
  private static final long END = 15;

  private final ModelChain chain = new ModelChain(MINER);
  private final PeriodClock clock = chain.clock(MINER);
  private final List<MarketEvent> events = new ArrayList<>();
  private final Map<TxHash, TxCost> known = new java.util.HashMap<>();
  private long sent;

  private static Address address(String two) {
    return Address.parse("0x" + two.repeat(20));
  }

  private static TokenAmount units(long n) {
    return TokenAmount.of(n);
  }

  private static TxHash tx(long block) {
    return new TxHash(Sha256.hash(BigInteger.valueOf(block).toByteArray()));
  }

  /** Each in a transaction of its own in that block. */
  private static MarketEvent.Position in(long block) {
    return new MarketEvent.Position(new BlockNumber(block), tx(block), 0);
  }

  /** A block in the middle of a period. */
  private long within(long period) {
    return clock.periodEnd(period) - 10;
  }

  private static DealProposal proposal(Address miner) {
    return new DealProposal(
        CLIENT,
        miner,
        CLIENT,
        Hash32.ZERO,
        new RawSize(1_000),
        1,
        END - FIRST,
        units(1_003),
        units(500),
        new BlockNumber(50),
        new BlockNumber(99),
        Hash32.ZERO,
        Hash32.ZERO);
  }

  /** Published and activated for periods 5 to 14. */
  private void agreed() {
    events.add(new MarketEvent.Deposited(in(2), MINER, MINER, units(1_200)));
    events.add(new MarketEvent.Deposited(in(3), CLIENT, CLIENT, units(2_000)));
    events.add(
        new MarketEvent.DealPublished(
            in(4), DEAL, proposal(MINER), Hash32.ZERO, new BlockNumber(6)));
    events.add(
        new MarketEvent.DealPublished(
            in(5), Samples.id(2), proposal(address("dd")), Hash32.ZERO, new BlockNumber(6)));
    events.add(
        new MarketEvent.DealActivated(in(7), DEAL, MINER, new Period(FIRST), new Period(END)));
  }

  private void proved(long... periods) {
    for (long p : periods) {
      events.add(new MarketEvent.PeriodProved(in(within(p)), MINER, new Period(p), OPERATOR));
    }
  }

  private void settled(long block, long to, long n, long paid, long share, long back, long cut) {
    events.add(
        new MarketEvent.DealSettled(
            in(block),
            DEAL,
            new Period(FIRST),
            new Period(to),
            n,
            0,
            units(paid),
            units(share),
            units(back),
            units(cut),
            units(cut / 2)));
  }

  private final MarketHistory history =
      new MarketHistory() {
        @Override
        public BlockNumber deployedAt() {
          return new BlockNumber(1);
        }

        @Override
        public List<MarketEvent> events(BlockNumber from, BlockNumber to) {
          return events.stream()
              .filter(e -> e.at().block().value() >= from.value())
              .filter(e -> e.at().block().value() <= to.value())
              .toList();
        }

        @Override
        public List<MarketCall> calls(TxHash tx) {
          return List.of();
        }
      };

  private final TransactionHistory transactions =
      new TransactionHistory() {
        @Override
        public long sent(Address account) {
          return sent;
        }

        @Override
        public Optional<TxCost> cost(TxHash tx) {
          return Optional.ofNullable(known.get(tx));
        }
      };

  private Earnings read(long from, long to, List<TxCost> journal) {
    while (chain.head().number().value() < within(END)) {
      chain.mine();
    }
    return new EarningsReader(chain, chain, history, transactions)
        .read(MINER, Set.of(OPERATOR), from, to, journal);
  }

  private Earnings read(long to) {
    return read(0, to, List.of());
  }

  @Test
  void what_is_proved_and_not_settled_is_exactly_what_the_settlement_pays() {
    agreed();
    proved(5, 6, 8);
    events.add(new MarketEvent.MaintenanceAnnounced(in(within(8) + 1), MINER, new Period(12), 2));
    DealMoney before = read(within(9)).deals().getFirst();
    // floor(1003·3/10) = 300, of which floor(300/100) = 3 are the market's.
    assertEquals(units(297), before.unsettled());
    // 9, 10, 11 and 14 are to come: floor(1003·7/10) = 702, 7 the market's, 297 had already.
    assertEquals(units(695 - 297), before.ahead());
    assertEquals(units(500), before.atRisk());
    assertEquals(TokenAmount.ZERO, before.inHold());
    assertEquals(TokenAmount.ZERO, before.flow().earned());

    settled(within(9) + 1, 9, 3, 300, 3, 100, 101);
    Earnings after = read(within(9) + 1);
    DealMoney deal = after.deals().getFirst();
    assertEquals(before.unsettled(), deal.flow().earned());
    assertEquals(TokenAmount.ZERO, deal.unsettled());
    assertEquals(before.ahead(), deal.ahead());
    assertEquals(units(101), deal.flow().slashed());
    assertEquals(units(399), deal.atRisk());
    assertEquals(BigInteger.valueOf(297 - 101), after.profit());
    assertEquals(units(1_200 - 500 + 297), after.end().account(MINER).balance());
    // Another miner's deal is none of it.
    assertEquals(1, after.deals().size());
  }

  @Test
  void a_cut_in_time_gives_each_block_to_one_side() {
    agreed();
    proved(5, 6);
    settled(within(7), 7, 2, 200, 2, 0, 0);
    Earnings later = read(within(7), within(8), List.of());
    assertEquals(units(198), later.flow().earned());
    assertEquals(TokenAmount.ZERO, later.flow().locked());
    assertEquals(TokenAmount.ZERO, read(0, within(7) - 1, List.of()).flow().earned());
    assertEquals(units(500), read(0, within(7) - 1, List.of()).flow().locked());
    IllegalArgumentException none =
        assertThrows(IllegalArgumentException.class, () -> read(9, 8, List.of()));
    assertTrue(none.getMessage().contains("no block lies in 9 to 8"), none.getMessage());
  }

  @Test
  void collateral_is_in_hold_when_all_is_settled_and_returns_or_is_forfeit() {
    agreed();
    proved(5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
    settled(within(END) - 3, END, 10, 1_003, 10, 0, 0);
    DealMoney over = read(within(END) - 3).deals().getFirst();
    assertEquals(units(500), over.inHold());
    assertEquals(TokenAmount.ZERO, over.atRisk());
    assertEquals(TokenAmount.ZERO, over.ahead());
    events.add(
        new MarketEvent.DealCompleted(in(within(END) - 2), DEAL, units(500), TokenAmount.ZERO));
    Earnings done = read(within(END) - 2);
    assertEquals(units(500), done.flow().returned());
    assertEquals(units(1_200 + 993), done.end().account(MINER).balance());

    events.removeLast();
    events.add(
        new MarketEvent.DealTerminated(
            in(within(END) - 2),
            DEAL,
            OPERATOR,
            new Period(END),
            TokenAmount.ZERO,
            units(249),
            units(1),
            units(250)));
    Earnings lost = read(within(END) - 2);
    assertEquals(units(500), lost.flow().forfeited());
    assertEquals(units(1), lost.tips(), "its operator ended it");
    assertEquals(BigInteger.valueOf(993 + 1 - 500), lost.profit());
    assertEquals(units(1), lost.end().account(OPERATOR).balance());
  }

  private void snapshot(long collateral) {
    chain.put(
        new DealSnapshot(
            DEAL,
            DealState.ACTIVE,
            CLIENT,
            MINER,
            units(1_003),
            units(collateral),
            END - FIRST,
            new Period(FIRST),
            new Period(END),
            new Period(FIRST),
            0,
            0,
            0,
            new BlockNumber(0),
            new BlockNumber(6),
            Hash32.ZERO,
            false,
            false,
            new Period(0)));
  }

  @Test
  void it_agrees_with_the_contract_or_names_both_numbers() {
    agreed();
    chain.fund(MINER, 700, 0);
    snapshot(500);
    assertTrue(read(Long.MAX_VALUE).check().agrees());

    chain.fund(MINER, 699, 0);
    snapshot(499);
    Earnings.Check wrong = read(Long.MAX_VALUE).check();
    assertFalse(wrong.agrees());
    assertEquals(
        List.of(
            "balance of " + MINER + ": counted 700, the contract says 699",
            "collateral of deal " + DEAL + ": counted 500, the contract says 499"),
        wrong.differences());
  }

  @Test
  void a_chain_that_never_stands_still_is_not_compared() {
    agreed();
    ChainReader moving =
        new ChainReader() {
          @Override
          public BlockRef head() {
            chain.mine();
            return chain.head();
          }

          @Override
          public BlockRef block(BlockNumber number) {
            return chain.block(number);
          }

          @Override
          public BigInteger wei(Address account) {
            return chain.wei(account);
          }

          @Override
          public BigInteger baseFee() {
            return chain.baseFee();
          }
        };
    Earnings.Check check =
        new EarningsReader(moving, chain, history, transactions)
            .read(MINER, Set.of(), 0, 100, List.of())
            .check();
    assertFalse(check.steady());
    assertFalse(check.agrees());
    assertEquals(List.of(), check.differences());
  }

  @Test
  void events_that_the_endpoint_keeps_to_itself_are_told() {
    agreed();
    events.removeFirst();
    ChainUnavailableException e =
        assertThrows(ChainUnavailableException.class, () -> read(Long.MAX_VALUE));
    assertTrue(e.getMessage().contains("do not add up"), e.getMessage());
    events.clear();
    agreed();
    settled(within(9), 9, 3, 2_000, 20, 0, 0);
    e = assertThrows(ChainUnavailableException.class, () -> read(Long.MAX_VALUE));
    assertTrue(e.getMessage().contains("--rpc"), e.getMessage());
  }

  private static TxCost cost(Address sender, long nonce, long block, String operation, boolean ok) {
    return new TxCost(
        sender,
        nonce,
        tx(block),
        operation,
        new BlockNumber(block),
        1_000 * block,
        BigInteger.valueOf(7_000 * block),
        ok);
  }

  @Test
  void gas_comes_from_the_journal_and_the_rest_from_receipts_and_what_is_unknown_is_counted() {
    agreed();
    // What is in the journal is not asked for again; what others sent is not the operator's.
    known.put(tx(4), cost(OPERATOR, 1, 4, "publishDeals", true));
    known.put(tx(7), cost(OPERATOR, 2, 7, "activateDeals", true));
    known.put(tx(2), cost(MINER, 0, 2, "deposit", true));
    List<TxCost> journal =
        List.of(cost(OPERATOR, 2, 7, "activateDeals", true), cost(OPERATOR, 3, 9, "prove", false));
    sent = 5;
    Earnings all = read(0, Long.MAX_VALUE, journal);
    assertEquals(Set.of("publishDeals", "activateDeals", "prove"), all.byOperation().keySet());
    assertEquals(
        new Earnings.Spent(1, 1, 9_000, BigInteger.valueOf(63_000)),
        all.byOperation().get("prove"));
    assertEquals(new Earnings.Spent(3, 1, 20_000, BigInteger.valueOf(140_000)), all.spent());
    assertEquals(Map.of(OPERATOR, 2L), all.unknown());
    // 7,000 wei a token unit: 20 units.
    assertEquals(
        BigInteger.valueOf(-20),
        all.net(BigInteger.valueOf(7_000).multiply(BigInteger.TEN.pow(18))));

    Earnings part = read(8, Long.MAX_VALUE, journal);
    assertEquals(new Earnings.Spent(1, 1, 9_000, BigInteger.valueOf(63_000)), part.spent());
    assertEquals(Map.of(OPERATOR, 2L), part.unknown());
  }
}
