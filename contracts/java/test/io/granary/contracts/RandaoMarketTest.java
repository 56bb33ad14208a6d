package io.granary.contracts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.contracts.rpc.Rpc;
import io.granary.proofs.Hash32;
import io.granary.protocol.chain.MarketCall;
import io.granary.protocol.chain.MinerMarket;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.chain.Urgency;
import io.granary.protocol.crypto.Keccak;
import io.granary.protocol.crypto.Seeds;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A market whose challenges come from RANDAO, through the ports, on a real chain. */
class RandaoMarketTest {
  private static final int LOOKAHEAD = 2;

  @TempDir Path dir;
  private DevMarket market;

  @BeforeEach
  void start() throws IOException {
    market = new DevMarket(dir, SeedKind.RANDAO);
  }

  @AfterEach
  void stop() throws IOException {
    market.close();
  }

  private long challengeBlock(Period period) {
    return market.client.queries().clock(market.miner()).challengeBlock(period.index());
  }

  private BlockHeader header(long number) {
    try (Rpc rpc = new Rpc(market.anvil.endpoint())) {
      return new Blocks(rpc).header(number).orElseThrow();
    }
  }

  private String refused(Period period, byte[] seedProof, byte[] openings) {
    TxResult result =
        market
            .operator
            .actions()
            .prove(market.miner(), period, seedProof, openings, Urgency.none());
    return assertInstanceOf(TxResult.Refused.class, result).error();
  }

  @Test
  void the_market_says_what_it_draws_from() throws IOException {
    assertEquals(SeedKind.RANDAO, market.client.seedKind());
    try (DevMarket other = new DevMarket(dir.resolve("other"))) {
      assertEquals(SeedKind.BLOCK_HASH, other.client.seedKind());
    }
  }

  @Test
  void the_value_is_a_later_headers_and_comes_with_it() {
    long block = market.head();
    assertTrue(market.client.queries().seedValue(new BlockNumber(block)).isEmpty());
    market.anvil.mine(LOOKAHEAD - 1);
    assertTrue(market.client.queries().seedValue(new BlockNumber(block)).isEmpty());
    market.anvil.mine(1);
    BlockHeader later = header(block + LOOKAHEAD);
    assertEquals(
        later.mixHash(), market.client.queries().seedValue(new BlockNumber(block)).orElseThrow());
    assertEquals(
        market.client.queries().block(new BlockNumber(block + LOOKAHEAD)).hash(), later.hash());
    assertEquals(later.hash(), Keccak.hash(later.rlp()));
    assertNotEquals(Hash32.ZERO, later.mixHash());
  }

  @Test
  void a_deal_is_activated_and_proved_with_headers() throws IOException {
    DealProposal p = market.activeDeal(market.data(5_000), 3);
    DealId id = market.idOf(p);
    Period first = market.client.queries().deal(id).orElseThrow().start();
    for (Period period : List.of(first, first.next())) {
      market.mineToWindow(period);
      // The window is open, and nobody knows the draw yet.
      assertTrue(market.client.queries().drawnLeaves(market.miner(), period).isEmpty());
      assertTrue(market.client.queries().periodSeed(market.miner(), period).isEmpty());
      assertEquals("SeedUnavailable", refused(period, new byte[0], new byte[0]));
      market.anvil.mine(LOOKAHEAD);
      byte[] openings = market.openings(period);
      assertEquals(
          Seeds.period(
              header(challengeBlock(period) + LOOKAHEAD).mixHash(),
              market.deployment.market(),
              market.miner(),
              period),
          market.client.queries().periodSeed(market.miner(), period).orElseThrow());
      TxResult.Confirmed tx =
          market.operator.actions().prove(market.miner(), period, openings).orThrow();
      assertTrue(market.client.queries().isProved(market.miner(), period));
      MarketCall.Prove call =
          assertInstanceOf(
              MarketCall.Prove.class, market.client.queries().calls(tx.hash()).getFirst());
      assertEquals(period, call.period());
      assertEquals(openings.length, call.openings().length);
    }
  }

  @Test
  void a_wrong_header_proves_nothing() throws IOException {
    DealProposal p = market.activeDeal(market.data(5_000), 3);
    Period period = market.client.queries().deal(market.idOf(p)).orElseThrow().start();
    market.mineToWindow(period);
    market.anvil.mine(LOOKAHEAD);
    byte[] openings = market.openings(period);
    long source = challengeBlock(period) + LOOKAHEAD;
    byte[] right = header(source).rlp();
    byte[] flipped = right.clone();
    // Within mixHash: the miner's wish for another draw.
    flipped[500] ^= 1;
    byte[] shorter = java.util.Arrays.copyOf(right, right.length - 1);
    byte[] longer = java.util.Arrays.copyOf(right, right.length + 1);
    for (byte[] wrong :
        List.of(
            new byte[0],
            flipped,
            shorter,
            longer,
            header(source - 1).rlp(),
            header(challengeBlock(period)).rlp())) {
      assertEquals("SeedUnavailable", refused(period, wrong, openings));
    }
    assertFalse(market.client.queries().isProved(market.miner(), period));
    assertInstanceOf(
        TxResult.Confirmed.class,
        market.operator.actions().prove(market.miner(), period, right, openings, Urgency.none()));
  }

  @Test
  void a_deal_whose_seal_seed_is_not_fixed_yet_is_skipped_and_activated_later() throws IOException {
    byte[] data = market.data(700);
    DealProposal p = market.proposal(data, 3);
    var sealed = market.seal(p, data);
    var published =
        market
            .operator
            .actions()
            .publish(List.of(new MinerMarket.Publication(market.sign(p), sealed.sealedRoot())));
    assertTrue(published.items().getFirst().ok(), published.toString());
    market.anvil.mine(market.client.terms().sealDelay());
    var sealBlock = market.client.queries().deal(market.idOf(p)).orElseThrow().sealBlock();
    assertEquals(sealBlock.value(), market.head());
    assertTrue(market.client.queries().sealSeed(market.idOf(p), sealBlock).isEmpty());
    assertEquals(
        "SealSeedGone",
        market
            .operator
            .actions()
            .activate(List.of(new MinerMarket.Activation(p, new byte[0])))
            .items()
            .getFirst()
            .skipped());
    market.leaveFreeze();
    assertTrue(
        market.operator.actions().activate(List.of(market.activation(p))).items().getFirst().ok());
  }
}
