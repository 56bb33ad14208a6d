package io.granary.miner.money;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.testing.ModelChain;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import org.junit.jupiter.api.Test;

/** Periods of 20 blocks, a hold of 2, four slashes of a period's pay as collateral, 1 % burned. */
class BreakEvenTest {
  private static final BigInteger TOKEN = BigInteger.TEN.pow(18);
  private final MarketTerms terms = new ModelChain(Address.parse("0x" + "11".repeat(20))).terms();

  private static BreakEven.Kind kind(long bytes, long periods, long deals, long perLeaf) {
    return new BreakEven.Kind(new RawSize(bytes), periods, deals, 10, TokenAmount.of(perLeaf));
  }

  /** A token unit is worth so many wei. */
  private static BreakEven.Rates rates(long gas, long perUnit, BigInteger disk, int bps, int secs) {
    return new BreakEven.Rates(
        BigInteger.valueOf(gas),
        BigInteger.valueOf(perUnit).multiply(TOKEN),
        new TokenAmount(disk),
        bps,
        secs);
  }

  @Test
  void gas_alone() {
    // 95,000 + 140,000 + 3 · 21,000 + 158,000 · 30 / 20 = 535,000 gas at 2 wei, 10 wei a unit.
    BreakEven b = BreakEven.of(kind(127, 30, 20, 0), rates(2, 10, BigInteger.ZERO, 0, 12), terms);
    assertEquals(TokenAmount.of(107_000), b.gas());
    // 4 leaves · 30 periods, 99 % kept: 107,000 / 118.8 = 900.67….
    assertEquals(TokenAmount.of(901), b.pricePerLeafPeriod());
    assertEquals(TokenAmount.ZERO, b.disk());
    assertEquals(TokenAmount.ZERO, b.capital());
    // Four misses of 4 · 901.
    assertEquals(TokenAmount.of(4 * 4 * 901), b.collateral());
  }

  @Test
  void disk_alone() {
    // 2^17 leaves: a replica of 2^22 bytes and trees; 10 periods of 20 blocks of 12 s are 2,400 s.
    BreakEven.Kind kind = kind(127L << 15, 10, 1, 0);
    BigInteger tibMonth = BigInteger.TWO.pow(40).multiply(BigInteger.valueOf(30L * 86_400));
    BreakEven b = BreakEven.of(kind, rates(0, 1, tibMonth, 0, 12), terms);
    long bytes = io.granary.miner.model.Footprint.sealedBytes(kind.size());
    assertEquals(TokenAmount.of(bytes * 2_400), b.disk());
    assertTrue(bytes > 1 << 22);
    // 2^17 leaves · 10 periods, 99 % kept.
    assertEquals(
        new TokenAmount(
            BigInteger.valueOf(Math.ceilDiv(bytes * 2_400 * 100, (1L << 17) * 10 * 99))),
        b.pricePerLeafPeriod());
  }

  @Test
  void collateral_alone_costs_its_share_of_a_year() {
    // 4 leaves at 10^12, 5 % a year, held for 30 · 20 + 2 blocks of 1,000 s.
    BreakEven b =
        BreakEven.of(
            kind(1, 30, 1, 1_000_000_000_000L), rates(0, 1, BigInteger.ZERO, 500, 1_000), terms);
    assertEquals(TokenAmount.of(4_000_000_000_000L), b.collateral());
    // 4·10^12 · 0.05 · 602,000 / 31,536,000 = 3,817,858,954.8…
    assertEquals(TokenAmount.of(3_817_858_955L), b.capital());
    // / 118.8 = 32,136,859.9
    assertEquals(TokenAmount.of(32_136_860), b.pricePerLeafPeriod());
  }

  private boolean pays(long price, BreakEven.Kind k, BreakEven.Rates r, BreakEven b) {
    BigInteger leafPeriods = BigInteger.valueOf(k.size().leafCount() * k.periods());
    BigInteger pay = BigInteger.valueOf(price).multiply(leafPeriods);
    BigInteger kept = pay.subtract(pay.divide(BigInteger.valueOf(100)));
    // Collateral of four misses of the full pay, each rounded up; nothing is offered beyond it.
    BigInteger collateral =
        BigInteger.valueOf(Math.max(price, 0))
            .multiply(BigInteger.valueOf(4 * k.size().leafCount()))
            .max(BigInteger.valueOf(k.size().leafCount()));
    BigInteger year = BigInteger.valueOf(10_000L * 365 * 86_400);
    BigInteger capital =
        collateral
            .multiply(BigInteger.valueOf(r.capitalBps()))
            .multiply(BigInteger.valueOf((k.periods() * 20 + 2) * r.blockSeconds()))
            .add(year.subtract(BigInteger.ONE))
            .divide(year);
    return kept.compareTo(b.gas().units().add(b.disk().units()).add(capital)) >= 0;
  }

  @Test
  void it_pays_at_that_price_and_not_at_one_unit_less() {
    for (long bytes : new long[] {1, 5_000, 1 << 20, 1L << 35}) {
      for (long periods : new long[] {1, 29, 500}) {
        BreakEven.Kind k = kind(bytes, periods, 7, 0);
        BreakEven.Rates r = rates(1_000_000_000, 3, TOKEN, 800, 12);
        BreakEven b = BreakEven.of(k, r, terms);
        long price = b.pricePerLeafPeriod().units().longValueExact();
        assertTrue(pays(price, k, r, b), k.toString());
        assertTrue(!pays(price - 1, k, r, b), k.toString());
      }
    }
  }

  @Test
  void collateral_that_costs_more_than_it_brings_has_no_price() {
    // Four times a period's pay, held for 22 blocks of a year: no price makes up for it.
    BreakEven.Rates dear = rates(1, 1, BigInteger.ZERO, 10_000, 365 * 86_400);
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> BreakEven.of(kind(1, 1, 1, 0), dear, terms));
    assertTrue(e.getMessage().contains("no price pays"), e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> kind(1, 0, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> rates(1, 0, BigInteger.ZERO, 0, 1));
    assertThrows(IllegalArgumentException.class, () -> rates(1, 1, BigInteger.ZERO, -1, 1));
  }

  @Test
  void what_costs_nothing_needs_no_price() {
    BreakEven b = BreakEven.of(kind(1_000, 5, 1, 0), rates(0, 1, BigInteger.ZERO, 0, 12), terms);
    assertEquals(TokenAmount.ZERO, b.pricePerLeafPeriod());
  }
}
