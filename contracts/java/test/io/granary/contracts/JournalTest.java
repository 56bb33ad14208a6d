package io.granary.contracts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.contracts.rpc.RpcEndpoints;
import io.granary.contracts.tx.MemoryJournal;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.chain.TxCost;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.chain.Urgency;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process is killed at each step of a transaction, and what comes after it does the same: each
 * thing is done once, and no nonce stays open. The chain mines only when it is told to.
 */
class JournalTest {

  @TempDir Path dir;
  private DevMarket market;
  private final MemoryJournal journal = new MemoryJournal();
  // The account that the journal is of, its ether at first, and whether nobody else sends for it.
  private @Nullable Address watched;
  private BigInteger before = BigInteger.ZERO;
  private boolean alone = true;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  @BeforeEach
  void start() throws IOException {
    market = new DevMarket(dir);
  }

  @AfterEach
  void stop() throws IOException {
    threads.shutdownNow();
    // Whatever happened: what is kept is what left the account, and nothing is kept twice.
    try {
      if (alone && watched != null) {
        BigInteger kept =
            journal.costs().stream().map(TxCost::fee).reduce(BigInteger.ZERO, BigInteger::add);
        assertEquals(before.subtract(market.client.queries().wei(watched)), kept);
      }
    } finally {
      market.close();
    }
  }

  private GranaryChain connect(EthKey key, TransactionJournal over) {
    return connect(key, over, market.anvil.endpoint(), 0, Await.LIMIT);
  }

  private GranaryChain connect(
      EthKey key, TransactionJournal over, URI endpoint, int confirmations, Duration giveUpAfter) {
    alone &= over == journal;
    if (watched == null) {
      watched = key.address();
      before = market.client.queries().wei(watched);
    }
    return GranaryChain.connect(
        new ChainConfig(
            RpcEndpoints.of(endpoint),
            market.deployment.market(),
            market.deployment.block(),
            confirmations,
            Duration.ofMillis(10),
            Duration.ofMillis(300),
            giveUpAfter),
        Optional.of(key),
        over);
  }

  private GranaryChain client() {
    return connect(market.clientKey, journal);
  }

  private void mining(boolean on) {
    market.anvil.ask("evm_setAutomine", List.of(on));
  }

  /** That so many were signed for the first nonce, and the last of them has arrived. */
  private boolean isInPool(int signed) {
    TransactionJournal.Entry first = journal.open().getFirst();
    return first.signed().size() == signed && market.knowsNewest(first);
  }

  private int pooled() {
    return Integer.decode(
        ((Map<?, ?>) market.anvil.ask("txpool_status", List.of())).get("pending").toString());
  }

  /** Sends from a process that is gone before its transaction is mined. */
  private void killed(GranaryChain chain) throws InterruptedException {
    mining(false);
    Future<TxResult> sending = threads.submit(() -> request(chain));
    Await.until("it is in the pool", () -> pooled() == 1);
    sending.cancel(true);
    Await.until("it has stopped", sending::isDone);
    chain.close();
  }

  private Object nonce() {
    return market.anvil.ask(
        "eth_getTransactionCount", List.of(market.operatorKey.address().toString(), "latest"));
  }

  /** An active deal, a period whose draw is known, and what proves it. */
  private record Due(DealProposal deal, Period period, byte[] openings) {}

  private Due due() throws IOException {
    DealProposal deal = market.activeDeal(market.data(1000), 30);
    market.minePast(market.currentPeriod());
    Period period = market.currentPeriod();
    market.mineToDraw(period);
    return new Due(deal, period, market.openings(period));
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

  private TxResult minedWhile(Future<TxResult> sending) throws Exception {
    Await.until(
        "it ends",
        () -> {
          market.anvil.mine(1);
          return sending.isDone();
        });
    return sending.get(1, TimeUnit.SECONDS);
  }

  @Test
  void the_same_call_after_a_restart_takes_up_what_is_in_the_pool() throws Exception {
    killed(client());
    assertEquals(1, journal.open().size());
    try (GranaryChain next = client()) {
      assertInstanceOf(TxResult.Confirmed.class, minedWhile(threads.submit(() -> request(next))));
    }
    assertEquals(List.of(), journal.open());
    assertEquals(1, requests());
  }

  @Test
  void what_was_noted_and_never_arrived_is_sent_and_done_once() throws Exception {
    killed(client());
    market.anvil.ask("anvil_dropAllTransactions", List.of());
    try (GranaryChain next = client()) {
      Future<?> finishing = threads.submit(() -> next.actions().finishBegun());
      Await.until("it is sent again", () -> pooled() == 1);
      market.anvil.mine(1);
      finishing.get(20, TimeUnit.SECONDS);
      assertEquals(1, requests());
      assertEquals(List.of(), journal.open());
      mining(true);
      assertInstanceOf(TxResult.Confirmed.class, request(next));
    }
    assertEquals(2, requests());
  }

  @Test
  void what_was_mined_while_nobody_looked_is_not_sent_again() throws Exception {
    killed(client());
    market.anvil.mine(1);
    try (GranaryChain next = client()) {
      assertInstanceOf(TxResult.Confirmed.class, request(next));
    }
    assertEquals(1, requests(), "the same call is the one that was mined");
    assertEquals(List.of(), journal.open());
  }

  @Test
  void a_nonce_that_another_process_took_is_given_up() throws Exception {
    killed(client());
    market.anvil.ask("anvil_dropAllTransactions", List.of());
    mining(true);
    try (GranaryChain foreign = connect(market.clientKey, new MemoryJournal())) {
      foreign.actions().deposit(TokenAmount.of(1)).orThrow();
    }
    try (GranaryChain next = client()) {
      next.actions().finishBegun();
      assertEquals(List.of(), journal.open());
      assertInstanceOf(TxResult.Confirmed.class, request(next));
    }
    assertEquals(1, requests());
  }

  @Test
  void what_is_not_wanted_any_more_is_cancelled_and_frees_the_nonces_behind_it() throws Exception {
    Due due = due();
    mining(false);
    GranaryChain first = connect(market.operatorKey, journal);
    Future<TxResult> sending =
        threads.submit(() -> first.actions().prove(market.miner(), due.period(), due.openings()));
    Await.until("it is in the pool", () -> pooled() == 1);
    sending.cancel(true);
    Await.until("it has stopped", sending::isDone);
    first.close();
    // Somebody else proves the period, which makes the transaction that waits useless.
    TransactionJournal.Entry entry = journal.open().getFirst();
    market.anvil.ask("anvil_dropAllTransactions", List.of());
    mining(true);
    market.client.actions().prove(market.miner(), due.period(), due.openings()).orThrow();
    mining(false);
    String raw = "0x" + HexFormat.of().formatHex(entry.signed().getLast().raw());
    market.anvil.ask("eth_sendRawTransaction", List.of(raw));
    try (GranaryChain second = connect(market.operatorKey, journal)) {
      Future<?> finishing = threads.submit(() -> second.actions().finishBegun());
      Await.until("it is replaced", () -> isInPool(2));
      BigInteger before = market.client.queries().wei(market.operatorKey.address());
      market.anvil.mine(1);
      finishing.get(20, TimeUnit.SECONDS);
      BigInteger paid = before.subtract(market.client.queries().wei(market.operatorKey.address()));
      assertTrue(paid.signum() > 0, "the nonce was taken");
      assertEquals(TxCost.NOTHING, journal.costs().getLast().operation());
      assertEquals(paid, journal.costs().getLast().fee());
      assertEquals(List.of(), journal.open());
      mining(true);
      second.actions().settle(List.of(market.idOf(due.deal()))).orThrow();
    }
  }

  private MemoryJournal backup() {
    MemoryJournal copy = new MemoryJournal();
    journal.open().forEach(copy::put);
    return copy;
  }

  /**
   * A store that was restored knows less than the chain: it has the first transaction of a nonce,
   * another that it has never seen was mined, and others after it.
   */
  @Test
  void an_older_copy_of_the_journal_sends_nothing_twice() throws Exception {
    Due due = due();
    mining(false);
    MemoryJournal older;
    try (GranaryChain first = connect(market.operatorKey, journal)) {
      Future<TxResult> proving =
          threads.submit(() -> first.actions().prove(market.miner(), due.period(), due.openings()));
      Await.until("it is in the pool", () -> pooled() == 1);
      older = backup();
      Await.until("its fee is raised", () -> isInPool(2));
      market.anvil.mine(1);
      assertInstanceOf(TxResult.Confirmed.class, proving.get(20, TimeUnit.SECONDS));
      mining(true);
      market.minePast(due.period());
      first.actions().settle(List.of(market.idOf(due.deal()))).orThrow();
    }
    assertEquals(1, older.open().getFirst().signed().size());
    Object before = nonce();
    try (GranaryChain restored = connect(market.operatorKey, older)) {
      restored.actions().finishBegun();
      assertEquals(List.of(), older.open(), "another transaction has its nonce");
      TxResult again = restored.actions().prove(market.miner(), due.period(), due.openings());
      assertInstanceOf(TxResult.Refused.class, again);
      assertEquals(before, nonce(), "nothing was sent");
    }
  }

  /** The same, before it has looked: the prover does not wait for what was begun. */
  @Test
  void an_older_copy_of_the_journal_proves_no_period_twice() throws Exception {
    Due due = due();
    mining(false);
    MemoryJournal older;
    try (GranaryChain first = connect(market.operatorKey, journal)) {
      Future<TxResult> proving =
          threads.submit(() -> first.actions().prove(market.miner(), due.period(), due.openings()));
      Await.until("it is in the pool", () -> pooled() == 1);
      older = backup();
      Await.until("its fee is raised", () -> isInPool(2));
      proving.cancel(true);
      Await.until("it has stopped", proving::isDone);
    }
    // What the copy does not know is in the pool still.
    try (GranaryChain restored = connect(market.operatorKey, older)) {
      Future<TxResult> proving =
          threads.submit(
              () -> restored.actions().prove(market.miner(), due.period(), due.openings()));
      assertInstanceOf(TxResult.Refused.class, minedWhile(proving), "the raised one was mined");
      assertTrue(market.client.queries().isProved(market.miner(), due.period()));
      assertEquals(List.of(), older.open());
      assertEquals(0, pooled());
    }
  }

  @Test
  void a_proof_is_not_held_up_by_what_waits_in_front_of_it() throws Exception {
    Due due = due();
    mining(false);
    try (GranaryChain operator = connect(market.operatorKey, journal)) {
      Future<TxResult> settling =
          threads.submit(() -> operator.actions().settle(List.of(market.idOf(due.deal()))));
      Await.until("it is in the pool", () -> pooled() == 1);
      Object before = nonce();
      BigInteger offered = journal.open().getFirst().signed().getLast().maxFee();
      // The base fee rises to twenty times what the one in front offers.
      BigInteger spike = offered.multiply(BigInteger.valueOf(20));
      market.anvil.ask("anvil_setNextBlockBaseFeePerGas", List.of("0x" + spike.toString(16)));
      market.anvil.mine(1);
      assertEquals(before, nonce(), "it is stuck");
      Urgency urgency = Urgency.by(new BlockNumber(market.head() + 5), BigInteger.TEN.pow(18));
      Future<TxResult> proving =
          threads.submit(
              () ->
                  operator.actions().prove(market.miner(), due.period(), due.openings(), urgency));
      Await.until("both are in the pool", () -> pooled() == 2);
      assertInstanceOf(TxResult.Confirmed.class, minedWhile(proving));
      assertInstanceOf(TxResult.Confirmed.class, settling.get(20, TimeUnit.SECONDS));
    }
    assertTrue(market.client.queries().isProved(market.miner(), due.period()));
    assertEquals(List.of(), journal.open());
  }

  @Test
  void a_call_that_gives_up_is_taken_up_by_the_next() throws Exception {
    mining(false);
    try (GranaryChain hasty =
        connect(market.clientKey, journal, market.anvil.endpoint(), 0, Duration.ofMillis(200))) {
      Future<TxResult> sending = threads.submit(() -> request(hasty));
      ExecutionException e =
          assertThrows(ExecutionException.class, () -> sending.get(20, TimeUnit.SECONDS));
      assertInstanceOf(ChainUnavailableException.class, e.getCause());
      assertEquals(1, hasty.actions().underWay().size());
      market.anvil.mine(1);
      hasty.actions().finishBegun();
      assertEquals(List.of(), hasty.actions().underWay());
    }
    assertEquals(1, requests());
  }

  @Test
  void the_journal_tells_what_is_under_way() throws Exception {
    killed(client());
    try (GranaryChain next = client()) {
      var shown = next.actions().underWay().getFirst();
      assertEquals("requestWithdrawal", shown.operation());
      assertEquals(1, shown.sent());
    }
  }

  @Test
  void a_nonce_that_nothing_has_is_filled_so_that_those_behind_it_are_mined() throws Exception {
    mining(false);
    // Another process has a transaction in the pool, which the endpoint then loses.
    try (GranaryChain foreign = connect(market.clientKey, new MemoryJournal());
        GranaryChain mine = client()) {
      Future<TxResult> lost = threads.submit(() -> foreign.actions().deposit(TokenAmount.of(1)));
      Await.until("the other one is in the pool", () -> pooled() == 1);
      Future<TxResult> waiting = threads.submit(() -> request(mine));
      Await.until("both are in the pool", () -> pooled() == 2);
      lost.cancel(true);
      Await.until("it has stopped", lost::isDone);
      market.anvil.ask("anvil_dropAllTransactions", List.of());
      assertInstanceOf(TxResult.Confirmed.class, minedWhile(waiting));
      mining(true);
      mine.actions().finishBegun();
      assertEquals(List.of(), journal.open());
    }
    assertEquals(1, requests());
  }

  @Test
  void an_expired_one_in_front_of_a_wanted_one_is_not_forgotten_but_cancelled() throws Exception {
    Due due = due();
    mining(false);
    try (GranaryChain first = connect(market.operatorKey, journal)) {
      Future<?> proving =
          threads.submit(() -> first.actions().prove(market.miner(), due.period(), due.openings()));
      Await.until("the proof is in the pool", () -> pooled() == 1);
      Future<?> settling =
          threads.submit(() -> first.actions().settle(List.of(market.idOf(due.deal()))));
      Await.until("both are in the pool", () -> pooled() == 2);
      proving.cancel(true);
      settling.cancel(true);
      Await.until("both have stopped", () -> proving.isDone() && settling.isDone());
    }
    market.anvil.ask("anvil_dropAllTransactions", List.of());
    // The window closes; the proof that was lost would be refused now.
    market.minePast(due.period());
    assertEquals(2, journal.open().size());
    try (GranaryChain second = connect(market.operatorKey, journal)) {
      Future<?> finishing = threads.submit(() -> second.actions().finishBegun());
      Await.until(
          "both end",
          () -> {
            market.anvil.mine(1);
            return finishing.isDone();
          });
      finishing.get(1, TimeUnit.SECONDS);
    }
    assertEquals(List.of(), journal.open());
  }

  @Test
  void a_proof_that_is_too_late_is_cancelled_and_costs_no_more() throws Exception {
    Due due = due();
    mining(false);
    try (GranaryChain operator = connect(market.operatorKey, journal)) {
      BlockNumber last = new BlockNumber(market.head() + 3);
      BigInteger limit = BigInteger.TEN.pow(15).multiply(BigInteger.valueOf(2));
      Urgency urgency = Urgency.by(last, limit);
      Future<TxResult> proving =
          threads.submit(
              () ->
                  operator.actions().prove(market.miner(), due.period(), due.openings(), urgency));
      Await.until("it is in the pool", () -> pooled() == 1);
      BigInteger before = market.client.queries().wei(market.operatorKey.address());
      // Some forty times what the limit allows; the fee falls by an eighth with each empty block.
      market.anvil.ask(
          "anvil_setNextBlockBaseFeePerGas", List.of("0x" + Long.toHexString(400_000_000_000L)));
      TxResult result = minedWhile(proving);
      assertInstanceOf(TxResult.Refused.class, result);
      BigInteger paid = before.subtract(market.client.queries().wei(market.operatorKey.address()));
      assertTrue(paid.signum() > 0 && paid.compareTo(limit) <= 0, paid + " wei, once, for nothing");
    }
    assertEquals(List.of(), journal.open());
    assertFalse(market.client.queries().isProved(market.miner(), due.period()));
  }

  @Test
  void what_the_network_asks_too_much_for_is_refused_with_both_numbers() throws Exception {
    Due due = due();
    Urgency cheap = Urgency.by(new BlockNumber(market.head() + 5), BigInteger.valueOf(400_000));
    try (GranaryChain operator = connect(market.operatorKey, journal)) {
      TxResult.Refused refused =
          assertInstanceOf(
              TxResult.Refused.class,
              operator.actions().prove(market.miner(), due.period(), due.openings(), cheap));
      assertEquals("TooDear", refused.error());
      assertTrue(refused.message().contains("maxFeeWei"), refused.message());
    }
    assertEquals(List.of(), journal.open());
  }

  @Test
  void what_arrives_although_no_answer_comes_is_done_once() throws Exception {
    try (FaultyEndpoint through = new FaultyEndpoint(market.anvil.endpoint());
        GranaryChain deaf = connect(market.clientKey, journal, through.uri(), 0, Await.LIMIT)) {
      through.does(FaultyEndpoint.swallows("eth_sendRawTransaction"));
      assertThrows(ChainUnavailableException.class, () -> request(deaf));
      assertTrue(through.asked("eth_sendRawTransaction") > 1, "it was sent more than once");
      assertEquals(1, deaf.actions().underWay().size());
      assertInstanceOf(TxResult.Confirmed.class, request(deaf));
    }
    assertEquals(1, requests());
    assertEquals(List.of(), journal.open());
  }
}
