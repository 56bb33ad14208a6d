package io.granary.contracts.tx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.protocol.chain.Urgency;
import io.granary.protocol.values.BlockNumber;
import java.math.BigInteger;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Fees rise with the time that is gone, by what nodes demand at least, and never above the limit.
 */
class FeesTest {
  private static final BigInteger GAS = BigInteger.valueOf(200_000);
  private static final Fees NETWORK = fees(2, 100);

  private static Fees fees(long tip, long max) {
    return new Fees(BigInteger.valueOf(tip), BigInteger.valueOf(max));
  }

  private static Urgency until(long block, long mostPerGas) {
    return Urgency.by(new BlockNumber(block), GAS.multiply(BigInteger.valueOf(mostPerGas)));
  }

  @Test
  void a_replacement_is_more_than_a_tenth_dearer_in_both_fees() {
    assertEquals(fees(113 + 12, 1_000 + 125 + 1), fees(111, 1_000).least());
    Fees one = fees(1, 1);
    assertEquals(fees(2, 2), one.least());
  }

  @Test
  void without_a_deadline_it_follows_the_network() {
    Fees sent = fees(2, 100);
    assertEquals(Optional.of(fees(3, 113)), sent.next(NETWORK, Urgency.none(), GAS, 0, 50));
    assertEquals(
        Optional.of(fees(40, 2_000)), sent.next(fees(40, 2_000), Urgency.none(), GAS, 0, 50));
  }

  @Test
  void without_a_limit_it_waits_when_it_offers_several_times_what_is_asked() {
    assertTrue(fees(2, 400).next(NETWORK, Urgency.none(), GAS, 0, 50).isEmpty());
    assertEquals(
        396,
        fees(2, 351).next(NETWORK, Urgency.none(), GAS, 0, 5).orElseThrow().max().intValue() + 1);
  }

  @Test
  void towards_its_last_block_it_offers_up_to_ten_times_what_the_network_asks() {
    Fees sent = fees(2, 100);
    Urgency u = until(100, 1_000_000);
    assertEquals(fees(3, 113), sent.next(NETWORK, u, GAS, 0, 0).orElseThrow());
    assertEquals(fees(6, 325), sent.next(NETWORK, u, GAS, 0, 50).orElseThrow());
    assertEquals(fees(20, 1_000), sent.next(NETWORK, u, GAS, 0, 100).orElseThrow());
    assertEquals(fees(20, 1_000), sent.next(NETWORK, u, GAS, 0, 999).orElseThrow(), "past it too");
  }

  @Test
  void the_limit_holds_for_the_first_and_for_each_replacement() {
    Urgency u = until(100, 150);
    assertEquals(fees(2, 150), Fees.first(fees(2, 4_000), u, GAS));
    assertEquals(fees(20, 150), fees(2, 100).next(NETWORK, u, GAS, 0, 100).orElseThrow());
    assertTrue(fees(2, 140).next(NETWORK, u, GAS, 0, 100).isEmpty(), "a tenth more is too much");
    assertEquals(fees(5, 5), Fees.first(fees(9, 400), until(100, 5), GAS), "nor is the tip more");
  }
}
