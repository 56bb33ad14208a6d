package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.granary.protocol.values.TokenAmount;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Prices by size and length. */
class AskPolicyTest {
  private static PriceTier tier(long bytes, long periods, long price) {
    return new PriceTier(bytes, periods, TokenAmount.of(price));
  }

  private static AskPolicy policy(PriceTier... tiers) {
    return new AskPolicy(
        TokenAmount.of(100),
        TokenAmount.of(7),
        10,
        1_000,
        2,
        50,
        Duration.ofMinutes(1),
        List.of(tiers));
  }

  private static void assertAsks(long price, long minSize, long minPeriods, AskPolicy ask) {
    assertEquals(TokenAmount.of(price), ask.pricePerLeafPeriod());
    assertEquals(minSize, ask.minSize());
    assertEquals(minPeriods, ask.minPeriods());
    assertEquals(1_000, ask.maxSize());
    assertEquals(50, ask.maxPeriods());
    assertEquals(TokenAmount.of(7), ask.collateralPerLeaf());
  }

  @Test
  void the_lowest_tier_that_covers_a_deal_counts_and_holds_from_there_on() {
    AskPolicy policy = policy(tier(500, 0, 90), tier(0, 20, 80), tier(500, 20, 60), tier(5, 1, 95));
    assertAsks(100, 10, 2, policy.of(0, 0));
    assertAsks(95, 10, 2, policy.of(499, 19));
    assertAsks(90, 500, 2, policy.of(500, 19));
    assertAsks(80, 10, 20, policy.of(499, 20));
    assertAsks(60, 500, 20, policy.of(500, 20));
    // What is not said is not covered.
    assertAsks(90, 500, 2, policy.of(1_000, 0));
    assertAsks(80, 10, 20, policy.of(0, 50));
    assertAsks(100, 10, 2, policy().of(500, 20));
  }

  @Test
  void a_tier_that_is_dearer_or_never_reached_is_refused() {
    for (PriceTier bad : List.of(tier(1, 1, 100), tier(1_001, 0, 1), tier(0, 51, 1))) {
      assertThrows(IllegalArgumentException.class, () -> policy(bad), bad::toString);
    }
    assertThrows(IllegalArgumentException.class, () -> tier(0, 0, 1));
    assertThrows(IllegalArgumentException.class, () -> tier(-1, 5, 1));
  }
}
