package io.granary.contracts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.granary.contracts.rpc.Rpc;
import io.granary.contracts.rpc.RpcEndpoints;
import io.granary.contracts.tx.MemoryJournal;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.EndpointStatus;
import io.granary.protocol.chain.EndpointStatus.State;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Several endpoints of a chain, of which one fails, lies or lags: the work goes on. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EndpointsTest {
  private static final String WRONG = "0x" + "ab".repeat(32);
  private static final RpcEndpoints.Patience HASTY =
      new RpcEndpoints.Patience(
          Duration.ofMillis(800),
          Duration.ofMillis(400),
          Duration.ofMillis(20),
          Duration.ofMillis(200));

  private DevMarket market;
  private final List<AutoCloseable> opened = new ArrayList<>();

  @BeforeAll
  void start(@TempDir Path dir) throws IOException {
    market = new DevMarket(dir);
  }

  @AfterAll
  void stop() throws IOException {
    market.close();
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : opened.reversed()) {
      each.close();
    }
    opened.clear();
  }

  private FaultyEndpoint endpoint() throws IOException {
    FaultyEndpoint endpoint = new FaultyEndpoint(market.anvil.endpoint());
    opened.add(endpoint);
    return endpoint;
  }

  private GranaryChain connect(EthKey key, RpcEndpoints.Patience patience, URI... uris) {
    return connect(key, new MemoryJournal(), patience, uris);
  }

  private GranaryChain connect(
      EthKey key, TransactionJournal journal, RpcEndpoints.Patience patience, URI... uris) {
    GranaryChain chain =
        GranaryChain.connect(
            new ChainConfig(
                new RpcEndpoints(List.of(uris), patience),
                market.deployment.market(),
                market.deployment.block(),
                0,
                Duration.ofMillis(10),
                Duration.ofMillis(500),
                Await.LIMIT),
            Optional.of(key),
            journal);
    opened.add(chain);
    return chain;
  }

  private GranaryChain client(FaultyEndpoint... endpoints) {
    return connect(market.clientKey, HASTY, uris(endpoints));
  }

  private static URI[] uris(FaultyEndpoint... endpoints) {
    return Arrays.stream(endpoints).map(FaultyEndpoint::uri).toArray(URI[]::new);
  }

  private static EndpointStatus status(GranaryChain chain, FaultyEndpoint endpoint) {
    return chain.queries().endpoints().stream()
        .filter(s -> s.name().equals(endpoint.name()))
        .findFirst()
        .orElseThrow();
  }

  private static State state(GranaryChain chain, FaultyEndpoint endpoint) {
    return status(chain, endpoint).state();
  }

  /** Awaits a state while the head is asked for, as every process does that goes on. */
  private void awaitState(GranaryChain chain, FaultyEndpoint endpoint, State wanted) {
    Await.until(
        endpoint.name() + " is " + wanted,
        () -> {
          chain.queries().head();
          return state(chain, endpoint) == wanted;
        });
  }

  private BlockNumber head() {
    return market.client.queries().head().number();
  }

  private long requests() {
    var q = market.client.queries();
    return q.events(q.deployedAt(), head()).stream()
        .filter(MarketEvent.WithdrawalRequested.class::isInstance)
        .count();
  }

  private static TxResult request(GranaryChain chain) {
    return chain.actions().requestWithdrawal(TokenAmount.of(3));
  }

  // ---------------------------------------------------------------- failures

  static Stream<Named<Function<FaultyEndpoint, FaultyEndpoint.Fault>>> failures() {
    return Stream.of(
        Named.of("answers 429", e -> FaultyEndpoint.status(429)),
        Named.of("answers 503", e -> FaultyEndpoint.status(503)),
        Named.of("is over its limit", e -> FaultyEndpoint.error(-32005, "limit exceeded")),
        Named.of("drops the connection", e -> FaultyEndpoint.drops()),
        Named.of("answers with no JSON", e -> FaultyEndpoint.garbage()),
        Named.of("hangs", FaultyEndpoint::hangs));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void the_work_goes_on_without_one_that_fails_and_with_it_when_it_is_back(
      Function<FaultyEndpoint, FaultyEndpoint.Fault> failure) throws Exception {
    FaultyEndpoint first = endpoint();
    FaultyEndpoint second = endpoint();
    GranaryChain chain = client(first, second);
    long before = requests();
    int reads = second.asked("eth_call");
    first.does(failure.apply(first));
    assertInstanceOf(TxResult.Confirmed.class, request(chain));
    assertEquals(before + 1, requests());
    assertTrue(second.asked("eth_call") + second.asked("eth_estimateGas") > reads);
    assertTrue(status(chain, first).failures() > 0, "it is counted");
    awaitState(chain, first, State.DOWN);
    assertFalse(status(chain, first).reason().isEmpty());
    assertEquals(State.UP, state(chain, second));
    market.anvil.mine(1);
    assertEquals(head(), chain.queries().head().number(), "one that is down holds no head back");
    first.heals();
    awaitState(chain, first, State.UP);
    int asked = first.asked("eth_getBalance");
    chain.queries().wei(market.clientKey.address());
    assertEquals(asked + 1, first.asked("eth_getBalance"), "the first is the preferred one");
  }

  @Test
  void when_none_answers_all_are_named_and_when_one_does_it_goes_on() throws Exception {
    FaultyEndpoint first = endpoint();
    FaultyEndpoint second = endpoint();
    GranaryChain chain = client(first, second);
    first.does(FaultyEndpoint.status(503));
    second.does(FaultyEndpoint.drops());
    String message =
        assertThrows(ChainUnavailableException.class, () -> chain.queries().head()).getMessage();
    assertTrue(message.contains(first.name()) && message.contains(second.name()), message);
    assertTrue(message.contains("503") && message.contains("--rpc"), message);
    second.heals();
    assertEquals(head(), chain.queries().head().number());
  }

  @Test
  void one_that_is_away_at_the_start_joins_when_it_comes() throws Exception {
    FaultyEndpoint late = endpoint().does(FaultyEndpoint.status(503));
    GranaryChain chain = client(late, endpoint());
    assertEquals(head(), chain.queries().head().number());
    late.heals();
    awaitState(chain, late, State.UP);
  }

  // ---------------------------------------------------------------- chains

  @Test
  void an_endpoint_of_another_chain_is_refused_by_name() throws Exception {
    FaultyEndpoint other = endpoint().does(FaultyEndpoint.says("eth_chainId", "0x5"));
    FaultyEndpoint right = endpoint();
    String message =
        assertThrows(IllegalArgumentException.class, () -> client(right, other)).getMessage();
    assertTrue(message.contains(other.name() + ": chain 5"), message);
    assertTrue(message.contains(right.name() + ": chain 31337"), message);
  }

  @Test
  void one_that_comes_late_and_is_of_another_chain_is_not_used() throws Exception {
    FaultyEndpoint late = endpoint().does(FaultyEndpoint.status(503));
    GranaryChain chain = client(late, endpoint());
    late.does(FaultyEndpoint.says("eth_chainId", "0x5"));
    awaitState(chain, late, State.OTHER_CHAIN);
    assertTrue(status(chain, late).reason().contains("chain 5"), status(chain, late).reason());
    chain.queries().wei(market.clientKey.address());
    assertEquals(0, late.asked("eth_getBalance"));
  }

  // ---------------------------------------------------------------- heads

  @Test
  void one_that_claims_to_be_ahead_is_not_believed() throws Exception {
    FaultyEndpoint liar = endpoint().does(FaultyEndpoint.shifts("eth_blockNumber", 1000));
    for (FaultyEndpoint[] all :
        List.of(
            new FaultyEndpoint[] {liar, endpoint()},
            new FaultyEndpoint[] {liar, endpoint(), endpoint()})) {
      GranaryChain chain = client(all);
      assertEquals(head(), chain.queries().head().number());
      assertInstanceOf(TxResult.Confirmed.class, request(chain));
    }
  }

  @Test
  void one_that_lags_is_neither_read_from_nor_waited_for() throws Exception {
    FaultyEndpoint behind = endpoint().does(FaultyEndpoint.shifts("eth_blockNumber", -5));
    GranaryChain chain = client(behind, endpoint(), endpoint());
    assertEquals(head(), chain.queries().head().number());
    int asked = behind.asked("eth_getBalance");
    chain.queries().wei(market.clientKey.address());
    assertEquals(asked, behind.asked("eth_getBalance"));
  }

  @Test
  void of_two_one_that_stands_is_left_behind() throws Exception {
    FaultyEndpoint stands = endpoint();
    GranaryChain chain = client(stands, endpoint());
    stands.does(FaultyEndpoint.says("eth_blockNumber", "0x" + Long.toHexString(head().value())));
    Await.until(
        "the other goes on alone",
        () -> {
          market.anvil.mine(1);
          chain.queries().head();
          return state(chain, stands) == State.STANDING;
        });
    assertEquals(head(), chain.queries().head().number());
    stands.heals();
    awaitState(chain, stands, State.UP);
  }

  // ---------------------------------------------------------------- transactions

  @Test
  void a_stale_nonce_of_one_is_not_used() throws Exception {
    FaultyEndpoint stale = endpoint().does(FaultyEndpoint.says("eth_getTransactionCount", "0x0"));
    GranaryChain chain = client(stale, endpoint());
    long before = requests();
    assertInstanceOf(TxResult.Confirmed.class, request(chain));
    assertInstanceOf(TxResult.Confirmed.class, request(chain));
    assertEquals(before + 2, requests());
  }

  static Stream<Named<FaultyEndpoint.Fault>> refusals() {
    return Stream.of(
        Named.of("nonce too low", FaultyEndpoint.error(-32000, "nonce too low")),
        Named.of("already known", FaultyEndpoint.error(-32000, "already known")),
        Named.of("insufficient funds", FaultyEndpoint.error(-32000, "insufficient funds for gas")),
        Named.of("503", FaultyEndpoint.status(503)));
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void a_transaction_that_one_takes_is_sent(FaultyEndpoint.Fault refusal) throws Exception {
    FaultyEndpoint refuses =
        endpoint().does(FaultyEndpoint.only("eth_sendRawTransaction", refusal));
    FaultyEndpoint takes = endpoint();
    GranaryChain chain = client(refuses, takes);
    long before = requests();
    assertInstanceOf(TxResult.Confirmed.class, request(chain));
    assertEquals(before + 1, requests());
    Await.until("it went to both", () -> refuses.asked("eth_sendRawTransaction") > 0);
    assertEquals(1, takes.asked("eth_sendRawTransaction"));
  }

  @Test
  void a_refusal_beside_an_answer_that_got_lost_leaves_the_nonce_open() throws Exception {
    FaultyEndpoint takes = endpoint();
    FaultyEndpoint refuses = endpoint();
    MemoryJournal journal = new MemoryJournal();
    GranaryChain chain = connect(market.clientKey, journal, HASTY, uris(takes, refuses));
    long before = requests();
    takes.does(FaultyEndpoint.swallows("eth_sendRawTransaction"));
    refuses.does(
        FaultyEndpoint.only(
            "eth_sendRawTransaction", FaultyEndpoint.error(-32000, "insufficient funds for gas")));
    assertThrows(ChainUnavailableException.class, () -> request(chain));
    assertEquals(1, journal.open().size(), "it may have arrived");
    takes.heals();
    assertInstanceOf(TxResult.Confirmed.class, request(chain));
    assertEquals(before + 1, requests());
    assertEquals(List.of(), journal.open());
  }

  @Test
  void a_refusal_by_all_is_a_refusal() throws Exception {
    FaultyEndpoint dead = endpoint();
    FaultyEndpoint refuses = endpoint();
    MemoryJournal journal = new MemoryJournal();
    GranaryChain chain = connect(market.clientKey, journal, HASTY, uris(dead, refuses));
    dead.close();
    refuses.does(
        FaultyEndpoint.only(
            "eth_sendRawTransaction", FaultyEndpoint.error(-32000, "insufficient funds for gas")));
    TxResult.Refused refused = assertInstanceOf(TxResult.Refused.class, request(chain));
    assertEquals("InsufficientFunds", refused.error());
    assertEquals(List.of(), journal.open());
  }

  // ---------------------------------------------------------------- the hash of a challenge

  @Test
  void a_wrong_hash_is_outvoted_and_its_endpoint_not_read_from_until_it_agrees() throws Exception {
    FaultyEndpoint liar = endpoint().does(FaultyEndpoint.liesAboutHashes(WRONG));
    FaultyEndpoint second = endpoint();
    GranaryChain chain = client(liar, second, endpoint());
    BlockNumber block = head();
    assertEquals(
        market.client.queries().seedValue(block), chain.queries().seedValue(block), "the truth");
    assertEquals(State.DISAGREES, state(chain, liar));
    String reason = status(chain, liar).reason();
    assertTrue(reason.contains(WRONG + " for " + liar.name()), reason);
    assertTrue(reason.contains(second.name()), reason);
    int asked = liar.asked("eth_getBalance");
    chain.queries().wei(market.clientKey.address());
    assertEquals(asked, liar.asked("eth_getBalance"));
    liar.heals();
    awaitState(chain, liar, State.UP);
  }

  @Test
  void of_two_that_disagree_none_is_believed_and_nothing_is_proved() throws Exception {
    market.activeDeal(market.data(1000), 30);
    market.minePast(market.currentPeriod());
    Period period = market.currentPeriod();
    market.mineToDraw(period);
    byte[] openings = market.openings(period);
    FaultyEndpoint liar = endpoint().does(FaultyEndpoint.liesAboutHashes(WRONG));
    FaultyEndpoint other = endpoint();
    GranaryChain chain = connect(market.operatorKey, HASTY, uris(liar, other));
    String message =
        assertThrows(
                ChainUnavailableException.class,
                () -> chain.queries().drawnLeaves(market.miner(), period))
            .getMessage();
    assertTrue(message.contains(WRONG + " for " + liar.name()), message);
    assertTrue(message.contains("for " + other.name()), message);
    assertEquals(State.DISAGREES, state(chain, liar));
    assertEquals(State.DISAGREES, state(chain, other));
    liar.heals();
    assertEquals(
        market.operator.queries().drawnLeaves(market.miner(), period),
        chain.queries().drawnLeaves(market.miner(), period));
    assertEquals(State.UP, state(chain, other));
    // It fails on the way to the proof.
    liar.does(FaultyEndpoint.status(429));
    assertInstanceOf(
        TxResult.Confirmed.class, chain.actions().prove(market.miner(), period, openings));
    assertTrue(market.client.queries().isProved(market.miner(), period));
  }

  @Test
  void one_of_two_has_no_majority_until_the_other_has_been_away_for_long() throws Exception {
    FaultyEndpoint away = endpoint();
    FaultyEndpoint there = endpoint();
    RpcEndpoints.Patience steady =
        new RpcEndpoints.Patience(
            HASTY.answer(), HASTY.look(), HASTY.backOff(), Duration.ofMinutes(10));
    GranaryChain waiting = connect(market.clientKey, steady, uris(away, there));
    GranaryChain going = connect(market.clientKey, HASTY, uris(away, there));
    away.does(FaultyEndpoint.status(503));
    BlockNumber block = head();
    String message =
        assertThrows(ChainUnavailableException.class, () -> waiting.queries().seedValue(block))
            .getMessage();
    assertTrue(message.contains("only 1 of 2"), message);
    assertTrue(message.contains(away.name()) && message.contains("503"), message);
    awaitState(going, away, State.DOWN);
    assertEquals(market.client.queries().seedValue(block), going.queries().seedValue(block));
  }

  @Test
  void a_block_that_too_few_have_is_not_there_yet() throws Exception {
    FaultyEndpoint ahead = endpoint();
    GranaryChain chain = client(ahead, endpoint(), endpoint());
    BlockNumber next = head().plus(1);
    assertEquals(Optional.empty(), chain.queries().seedValue(next));
    // One that has it already has no majority by itself.
    String number = "0x" + Long.toHexString(next.value());
    ahead.does(
        FaultyEndpoint.only(
            "eth_getBlockByNumber",
            (request, honest) ->
                new FaultyEndpoint.Reply(
                    200,
                    "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"number\":\"%s\",\"hash\":\"%s\"}}"
                        .formatted(number, WRONG))));
    assertEquals(Optional.empty(), chain.queries().seedValue(next));
  }

  @Test
  void a_draw_that_does_not_follow_from_the_agreed_hash_is_not_used() throws Exception {
    market.activeDeal(market.data(1000), 30);
    market.minePast(market.currentPeriod());
    Period period = market.currentPeriod();
    market.mineToDraw(period);
    FaultyEndpoint liar = endpoint();
    GranaryChain chain = client(liar, endpoint(), endpoint());
    var drawn = chain.queries().drawnLeaves(market.miner(), period);
    assertFalse(drawn.isEmpty());
    liar.does(
        FaultyEndpoint.lies(
            "eth_call",
            answer ->
                com.fasterxml.jackson.databind.node.TextNode.valueOf(
                    WRONG + answer.asText().substring(WRONG.length()))));
    String message =
        assertThrows(
                ChainUnavailableException.class,
                () -> chain.queries().drawnLeaves(market.miner(), period))
            .getMessage();
    assertTrue(message.contains(WRONG.substring(2)), message);
  }

  @Test
  void a_header_that_one_garbles_is_taken_from_another() throws Exception {
    FaultyEndpoint liar =
        endpoint()
            .does(
                FaultyEndpoint.lies(
                    "eth_getBlockByNumber",
                    block -> ((ObjectNode) block.deepCopy()).put("mixHash", WRONG)));
    long number = head().value();
    try (Rpc honest = new Rpc(market.anvil.endpoint());
        Rpc several =
            new Rpc(new RpcEndpoints(List.of(uris(liar, endpoint(), endpoint())), HASTY))) {
      several.chainId();
      assertEquals(
          new Blocks(honest).header(number).orElseThrow().mixHash(),
          new Blocks(several).header(number).orElseThrow().mixHash());
    }
  }

  static Stream<Named<FaultyEndpoint.Fault>> nonsense() {
    return Stream.of(
        Named.of("head", FaultyEndpoint.says("eth_blockNumber", "0xzz")),
        Named.of("nonce", FaultyEndpoint.says("eth_getTransactionCount", "many")),
        Named.of("block", FaultyEndpoint.says("eth_getBlockByNumber", "0x1")),
        Named.of("hash", FaultyEndpoint.liesAboutHashes("0x1")));
  }

  @ParameterizedTest
  @MethodSource("nonsense")
  void answers_that_make_no_sense_do_not_count(FaultyEndpoint.Fault fault) throws Exception {
    // The last of them: web3j gives up on some of it where it is read from.
    GranaryChain chain = client(endpoint(), endpoint(), endpoint().does(fault));
    assertEquals(head(), chain.queries().head().number());
    assertInstanceOf(TxResult.Confirmed.class, request(chain));
    assertEquals(market.client.queries().seedValue(head()), chain.queries().seedValue(head()));
  }
}
