package io.granary.contracts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.contracts.rpc.RpcEndpoints;
import io.granary.contracts.tx.MemoryJournal;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Blocks are taken back, one or many, with what is under way in them: each thing is done once, and
 * no nonce stays open. The chain mines only when it is told to.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReorgTest {
  private DevMarket market;
  private MemoryJournal journal = new MemoryJournal();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  @BeforeAll
  void start(@TempDir Path dir) throws IOException {
    market = new DevMarket(dir);
  }

  @AfterAll
  void stop() throws IOException {
    threads.shutdownNow();
    market.close();
  }

  @BeforeEach
  void onlyWhenTold() {
    journal = new MemoryJournal();
    mining(false);
  }

  @AfterEach
  void nothingIsLeft() {
    market.anvil.ask("anvil_dropAllTransactions", List.of());
    mining(true);
    assertEquals(List.of(), journal.open());
  }

  private void mining(boolean on) {
    market.anvil.ask("evm_setAutomine", List.of(on));
  }

  private GranaryChain connect(EthKey key, TransactionJournal over, int confirmations) {
    return connect(key, over, confirmations, Duration.ofMillis(300));
  }

  private GranaryChain connect(
      EthKey key, TransactionJournal over, int confirmations, Duration resendAfter) {
    return GranaryChain.connect(
        new ChainConfig(
            RpcEndpoints.of(market.anvil.endpoint()),
            market.deployment.market(),
            market.deployment.block(),
            confirmations,
            Duration.ofMillis(10),
            resendAfter,
            Await.LIMIT),
        Optional.of(key),
        over);
  }

  private int pooled() {
    return Integer.decode(
        ((Map<?, ?>) market.anvil.ask("txpool_status", List.of())).get("pending").toString());
  }

  private void takeBack(int blocks) {
    market.anvil.ask("anvil_rollback", List.of(blocks));
  }

  private void dropAll() {
    market.anvil.ask("anvil_dropAllTransactions", List.of());
  }

  private static TxResult request(GranaryChain chain) {
    return chain.actions().requestWithdrawal(TokenAmount.of(3));
  }

  private long requests() {
    var q = market.client.queries();
    return q.events(q.deployedAt(), q.head().number()).stream()
        .filter(MarketEvent.WithdrawalRequested.class::isInstance)
        .count();
  }

  private long head() {
    return market.client.queries().head().number().value();
  }

  private void confirmedWhileMining(List<Future<TxResult>> sending) throws Exception {
    Await.until(
        "they end",
        () -> {
          market.anvil.mine(1);
          return sending.stream().allMatch(Future::isDone);
        });
    for (Future<TxResult> each : sending) {
      TxResult result = each.get(1, TimeUnit.SECONDS);
      assertInstanceOf(TxResult.Confirmed.class, result, result.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 6, 8, 12})
  void a_transaction_that_falls_out_and_is_lost_is_sent_again(int depth) throws Exception {
    long before = requests();
    try (GranaryChain mine = connect(market.clientKey, journal, depth)) {
      Future<TxResult> sending = threads.submit(() -> request(mine));
      Await.until("it is in the pool", () -> pooled() == 1);
      market.anvil.mine(depth);
      assertEquals(before + 1, requests(), "it is mined");
      takeBack(depth);
      dropAll();
      assertEquals(before, requests(), "it is not in the chain any more");
      confirmedWhileMining(List.of(sending));
    }
    assertEquals(before + 1, requests());
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 12})
  void several_that_fall_out_together_are_each_done_once(int depth) throws Exception {
    long before = requests();
    try (GranaryChain mine = connect(market.clientKey, journal, depth)) {
      List<Future<TxResult>> sending = new ArrayList<>();
      for (int i = 1; i <= 3; i++) {
        int wanted = i;
        sending.add(threads.submit(() -> request(mine)));
        Await.until("it is in the pool", () -> pooled() == 1);
        market.anvil.mine(1);
        assertEquals(before + wanted, requests());
      }
      market.anvil.mine(depth - 3);
      takeBack(depth);
      dropAll();
      assertEquals(before, requests());
      confirmedWhileMining(sending);
    }
    assertEquals(before + 3, requests());
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 12})
  void one_whose_nonce_another_takes_on_the_new_branch_gets_a_new_one(int depth) throws Exception {
    long before = requests();
    try (GranaryChain mine = connect(market.clientKey, journal, depth, Await.LIMIT);
        GranaryChain foreign = connect(market.clientKey, new MemoryJournal(), 0)) {
      Future<TxResult> sending = threads.submit(() -> request(mine));
      Await.until("it is in the pool", () -> pooled() == 1);
      market.anvil.mine(depth);
      takeBack(depth);
      dropAll();
      Future<TxResult> other = threads.submit(() -> foreign.actions().deposit(TokenAmount.of(1)));
      Await.until("the other is in the pool", () -> pooled() == 1);
      confirmedWhileMining(List.of(other, sending));
    }
    assertEquals(before + 1, requests());
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 12})
  void after_a_reorg_deeper_than_what_was_waited_for_the_nonces_go_on(int depth) throws Exception {
    long before = requests();
    try (GranaryChain mine = connect(market.clientKey, journal, 0)) {
      Future<TxResult> first = threads.submit(() -> request(mine));
      confirmedWhileMining(List.of(first));
      long mined = ((TxResult.Confirmed) first.get()).block().number().value();
      market.anvil.mine(depth - 1);
      takeBack((int) (head() - mined) + 1);
      dropAll();
      assertEquals(before, requests(), "it was done, and is not any more");
      confirmedWhileMining(List.of(threads.submit(() -> request(mine))));
    }
    assertEquals(before + 1, requests());
  }

  @Test
  void a_waiting_proof_whose_seed_changes_is_made_anew_under_its_nonce() throws Exception {
    mining(true);
    market.activeDeal(market.data(1000), 30);
    market.minePast(market.currentPeriod());
    Period period = market.currentPeriod();
    market.mineToDraw(period);
    byte[] stale = market.openings(period);
    mining(false);
    try (GranaryChain operator = connect(market.operatorKey, journal, 0, Await.LIMIT)) {
      Future<TxResult> first =
          threads.submit(() -> operator.actions().prove(market.miner(), period, stale));
      Await.until("it is in the pool", () -> pooled() == 1);
      TransactionJournal.Entry begun = journal.open().getFirst();
      Optional<?> before = market.client.queries().periodSeed(market.miner(), period);
      takeBack(4);
      dropAll();
      // Otherwise the new blocks would be the old ones.
      market.anvil.ask("evm_increaseTime", List.of(7));
      market.anvil.mine(4);
      assertNotEquals(before, market.client.queries().periodSeed(market.miner(), period));
      TxResult.Refused outdated =
          assertInstanceOf(TxResult.Refused.class, first.get(20, TimeUnit.SECONDS));
      assertTrue(outdated.isOutdated(), outdated.toString());
      // The pool still has the old one, as a node's does after a reorg.
      market.anvil.ask(
          "eth_sendRawTransaction",
          List.of("0x" + HexFormat.of().formatHex(begun.signed().getLast().raw())));
      operator.actions().finishBegun();
      assertEquals(begun.nonce(), journal.open().getFirst().nonce(), "it is left to its heir");
      byte[] fresh = market.openings(period);
      Future<TxResult> second =
          threads.submit(() -> operator.actions().prove(market.miner(), period, fresh));
      Await.until("it is replaced", () -> journal.open().getFirst().signed().size() == 2);
      TransactionJournal.Entry heir = journal.open().getFirst();
      Await.until("the heir is in the pool", () -> market.knowsNewest(heir));
      assertEquals(begun.nonce(), heir.nonce());
      assertArrayEquals(begun.signed().getFirst().raw(), heir.signed().getFirst().raw());
      confirmedWhileMining(List.of(second));
      assertEquals(List.of(), journal.open());
    }
    assertTrue(market.client.queries().isProved(market.miner(), period));
  }

  @Test
  void when_the_old_proof_is_mined_all_the_same_the_new_one_goes_under_the_next_nonce()
      throws Exception {
    mining(true);
    market.activeDeal(market.data(1000), 30);
    market.minePast(market.currentPeriod());
    Period period = market.currentPeriod();
    market.mineToDraw(period);
    byte[] stale = market.openings(period);
    mining(false);
    try (GranaryChain operator = connect(market.operatorKey, journal, 0)) {
      Future<TxResult> first =
          threads.submit(() -> operator.actions().prove(market.miner(), period, stale));
      Await.until("it is in the pool", () -> pooled() == 1);
      String raw =
          "0x" + HexFormat.of().formatHex(journal.open().getFirst().signed().getLast().raw());
      takeBack(4);
      dropAll();
      market.anvil.ask("evm_increaseTime", List.of(7));
      market.anvil.mine(4);
      assertInstanceOf(TxResult.Refused.class, first.get(20, TimeUnit.SECONDS));
      market.anvil.ask("eth_sendRawTransaction", List.of(raw));
      market.anvil.mine(1);
      byte[] fresh = market.openings(period);
      Future<TxResult> second =
          threads.submit(() -> operator.actions().prove(market.miner(), period, fresh));
      // Each block that is made before it is there takes one from the window.
      Await.until("the new one is in the pool", () -> pooled() == 1);
      confirmedWhileMining(List.of(second));
      // The old one, which was refused by the contract, is still to be looked at.
      Await.until(
          "it ends",
          () -> {
            operator.actions().finishBegun();
            return journal.open().isEmpty();
          });
    }
    assertTrue(market.client.queries().isProved(market.miner(), period));
  }

  @Test
  void a_waiting_proof_whose_seed_stays_goes_on_waiting() throws Exception {
    mining(true);
    market.activeDeal(market.data(1000), 30);
    market.minePast(market.currentPeriod());
    Period period = market.currentPeriod();
    market.mineToDraw(period);
    byte[] openings = market.openings(period);
    market.anvil.mine(2);
    mining(false);
    try (GranaryChain operator = connect(market.operatorKey, journal, 0)) {
      Future<TxResult> proving =
          threads.submit(() -> operator.actions().prove(market.miner(), period, openings));
      Await.until("it is in the pool", () -> pooled() == 1);
      takeBack(1);
      dropAll();
      Await.until("it is sent again", () -> pooled() == 1);
      assertFalse(proving.isDone());
      confirmedWhileMining(List.of(proving));
    }
    assertTrue(market.client.queries().isProved(market.miner(), period));
  }
}
