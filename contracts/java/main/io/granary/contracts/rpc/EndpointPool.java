package io.granary.contracts.rpc;

import io.granary.protocol.chain.EndpointStatus;
import io.reactivex.Flowable;
import java.io.IOException;
import java.math.BigInteger;
import java.net.ConnectException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;
import org.web3j.protocol.Web3jService;
import org.web3j.protocol.core.BatchRequest;
import org.web3j.protocol.core.BatchResponse;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.Response;
import org.web3j.protocol.core.methods.response.EthBlockNumber;
import org.web3j.protocol.core.methods.response.EthChainId;
import org.web3j.protocol.websocket.events.Notification;
import org.web3j.utils.Numeric;

/**
 * Several endpoints of one chain as one (docs/adr/0011). A read goes to the first that is well, and
 * to the next when that does not answer; a transaction goes to all; a nonce is the highest that one
 * tells; the head is the highest block that a majority has reached; the hash of a challenge's block
 * is what a majority tells. With a single endpoint all is passed through. Safe for several threads.
 */
final class EndpointPool implements Web3jService {
  private static final Pattern NUMBER = Pattern.compile("0x[0-9a-f]{1,64}");
  private static final Pattern HASH = Pattern.compile("0x[0-9a-f]{64}");

  private final List<Endpoint> endpoints;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private volatile OptionalLong chain = OptionalLong.empty();
  private volatile long agreedHead;

  EndpointPool(RpcEndpoints names, Clock clock) {
    boolean alone = names.uris().size() == 1;
    Duration answer = alone ? Duration.ofSeconds(30) : names.patience().answer();
    Duration look = alone ? answer : names.patience().look();
    OkHttpClient patient =
        new OkHttpClient.Builder()
            .connectTimeout(min(Duration.ofSeconds(5), answer))
            .readTimeout(answer)
            .callTimeout(answer.multipliedBy(2))
            .build();
    OkHttpClient quick = patient.newBuilder().callTimeout(look).build();
    List<Endpoint> all = new ArrayList<>();
    for (int i = 0; i < names.uris().size(); i++) {
      URI uri = names.uris().get(i);
      all.add(new Endpoint(uri, names.names().get(i), names.patience(), patient, quick, clock));
    }
    this.endpoints = List.copyOf(all);
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  private boolean isAlone() {
    return endpoints.size() == 1;
  }

  List<EndpointStatus> status() {
    return endpoints.stream().map(Endpoint::status).toList();
  }

  // ---------------------------------------------------------------- chain

  /**
   * The chain that all are of, with a first look at their heads; those that do not answer are asked
   * when they do. To be called before anything else.
   *
   * @throws IllegalArgumentException when they are of several
   */
  long chainId() throws IOException {
    List<Said<Long>> said = askAll(endpoints, EndpointPool::chainOf);
    Map<Long, List<String>> chains = new TreeMap<>();
    for (Said<Long> s : said) {
      s.answer()
          .ifPresent(
              id -> chains.computeIfAbsent(id, k -> new ArrayList<>()).add(s.endpoint().name()));
    }
    if (chains.isEmpty()) {
      throw unanswered(said);
    }
    if (chains.size() > 1) {
      throw new IllegalArgumentException(
          "the endpoints are of different chains ("
              + chains.entrySet().stream()
                  .map(e -> String.join(" and ", e.getValue()) + ": chain " + e.getKey())
                  .collect(Collectors.joining("; "))
              + "): leave out with --rpc which is not of the market's chain");
    }
    long id = chains.keySet().iterator().next();
    chain = OptionalLong.of(id);
    for (Said<Long> s : said) {
      s.answer().ifPresent(told -> s.endpoint().isOf(told, id));
    }
    if (!isAlone()) {
      head();
    }
    return id;
  }

  private static long chainOf(Endpoint endpoint) throws IOException {
    return quantity(
        endpoint.askQuickly(request("eth_chainId", EthChainId.class), EthChainId.class));
  }

  // ---------------------------------------------------------------- head

  /** Number of the newest block that a majority has reached. */
  long head() throws IOException {
    if (isAlone()) {
      return headOf(endpoints.getFirst());
    }
    List<Said<Long>> said = askAll(due(), this::look);
    for (Said<Long> s : said) {
      s.answer().ifPresent(s.endpoint()::reached);
    }
    endpoints.forEach(e -> e.stands(isLeftBehind(e)));
    for (Endpoint e : endpoints) {
      OptionalLong block = e.disputed();
      if (block.isPresent()) {
        lookAgain(block.getAsLong());
      }
    }
    if (endpoints.stream().noneMatch(Endpoint::isUp)) {
      throw unanswered(said);
    }
    // One that failed a moment ago counts with what it had reached.
    List<Long> heads =
        endpoints.stream()
            .filter(Endpoint::hasVote)
            .map(Endpoint::head)
            .sorted(Comparator.reverseOrder())
            .toList();
    if (heads.isEmpty()) {
      throw unanswered(said);
    }
    agreedHead = heads.get(majority(heads.size()) - 1);
    return agreedHead;
  }

  /** So many of {@code voters} that no others can be as many. */
  static int majority(int voters) {
    return voters / 2 + 1;
  }

  private long look(Endpoint endpoint) throws IOException {
    if (!endpoint.isChainKnown() && chain.isPresent()) {
      endpoint.isOf(chainOf(endpoint), chain.getAsLong());
    }
    return headOf(endpoint);
  }

  private static long headOf(Endpoint endpoint) throws IOException {
    return quantity(
        endpoint.askQuickly(
            request("eth_blockNumber", EthBlockNumber.class), EthBlockNumber.class));
  }

  /** One that only claims to be ahead does not leave others behind: it has to go on, too. */
  private boolean isLeftBehind(Endpoint one) {
    return one.head() >= 0
        && !one.moves()
        && endpoints.stream().anyMatch(e -> e.isUp() && e.moves() && e.head() > one.head());
  }

  private void lookAgain(long block) {
    try {
      agreed(block);
    } catch (IOException stillSo) {
      // What they tell is kept with each of them; the next look asks again.
      return;
    }
  }

  /** Those that do not back off; all when none of them is up. */
  private List<Endpoint> due() {
    List<Endpoint> due = endpoints.stream().filter(Endpoint::isDue).toList();
    return due.stream().anyMatch(Endpoint::isUp)
        ? due
        : endpoints.stream().filter(Endpoint::isOfThisChain).toList();
  }

  // ---------------------------------------------------------------- agreement

  /**
   * A block as each endpoint tells it that gives it the hash that a majority does, in JSON's types;
   * empty when too few have it yet.
   *
   * @throws IOException when they disagree, or too few answer; with who says what
   */
  List<Map<?, ?>> agreed(long number) throws IOException {
    Request<?, Rpc.Answer> request =
        new Request<>(
            "eth_getBlockByNumber",
            List.of(Numeric.toHexStringWithPrefix(BigInteger.valueOf(number)), false),
            this,
            Rpc.Answer.class);
    if (isAlone()) {
      return block(endpoints.getFirst().ask(request, Rpc.Answer.class)).stream()
          .<Map<?, ?>>map(Block::json)
          .toList();
    }
    List<Endpoint> voters = endpoints.stream().filter(Endpoint::hasVote).toList();
    List<Endpoint> asked = due().stream().filter(Endpoint::isChainKnown).toList();
    List<Said<Optional<Block>>> said =
        askAll(asked, e -> block(e.askQuickly(request, Rpc.Answer.class)));
    Map<String, List<Endpoint>> votes = new TreeMap<>();
    Map<String, List<Map<?, ?>>> blocks = new TreeMap<>();
    Map<Endpoint, String> told = new LinkedHashMap<>();
    for (var s : said) {
      Optional<Block> block = s.answer().flatMap(b -> b);
      if (block.isPresent()) {
        String hash = block.get().hash();
        told.put(s.endpoint(), hash);
        blocks.computeIfAbsent(hash, k -> new ArrayList<>()).add(block.get().json());
        if (voters.contains(s.endpoint())) {
          votes.computeIfAbsent(hash, k -> new ArrayList<>()).add(s.endpoint());
        }
      }
    }
    String whoSaysWhat = "block " + number + " is " + opinions(told);
    for (var vote : votes.entrySet()) {
      if (vote.getValue().size() >= majority(voters.size())) {
        told.forEach(
            (endpoint, hash) -> {
              if (hash.equals(vote.getKey())) {
                endpoint.agrees();
              } else {
                endpoint.disagrees(number, whoSaysWhat, true);
              }
            });
        return blocks.getOrDefault(vote.getKey(), List.of());
      }
    }
    if (votes.size() > 1) {
      votes.values().forEach(v -> v.forEach(e -> e.disagrees(number, whoSaysWhat, false)));
      throw new IOException(
          "they disagree, and none has a majority of "
              + voters.size()
              + ": "
              + whoSaysWhat
              + "; nothing is proved from it");
    }
    long answered =
        said.stream().filter(s -> s.failure() == null && voters.contains(s.endpoint())).count();
    if (answered < majority(voters.size())) {
      throw new IOException(
          "only "
              + votes.values().stream().mapToInt(List::size).sum()
              + " of "
              + voters.size()
              + " tell the hash of block "
              + number
              + ", a majority is wanted: "
              + unanswered(said).getMessage());
    }
    return List.of();
  }

  /** What an endpoint tells of a block. */
  private record Block(String hash, Map<?, ?> json) {}

  private static Optional<Block> block(Rpc.Answer answer) throws IOException {
    if (answer.hasError()) {
      throw new IOException(answer.getError().getMessage());
    }
    if (answer.getResult() == null) {
      return Optional.empty();
    }
    if (answer.getResult() instanceof Map<?, ?> json
        && json.get("hash") instanceof String hash
        && HASH.matcher(hash).matches()) {
      return Optional.of(new Block(hash, json));
    }
    throw new IOException("it tells a block without a hash");
  }

  private static String opinions(Map<Endpoint, String> told) {
    return told.values().stream()
        .distinct()
        .sorted()
        .map(
            hash ->
                hash
                    + " for "
                    + told.entrySet().stream()
                        .filter(e -> e.getValue().equals(hash))
                        .map(e -> e.getKey().name())
                        .collect(Collectors.joining(" and ")))
        .collect(Collectors.joining(", "));
  }

  // ---------------------------------------------------------------- requests

  @Override
  @SuppressWarnings({"rawtypes", "unchecked"})
  public <T extends Response> T send(Request request, Class<T> type) throws IOException {
    return (T) route((Request<?, ?>) request, (Class) type);
  }

  private <T extends Response<?>> T route(Request<?, ?> request, Class<T> type) throws IOException {
    if (isAlone()) {
      return endpoints.getFirst().ask(request, type);
    }
    return switch (request.getMethod()) {
      case "eth_sendRawTransaction" -> broadcast(request, type);
      case "eth_getTransactionCount" -> highest(request, type);
      case "eth_getBlockByNumber" ->
          request.getParams().getFirst().equals("latest")
              ? newest(request, type)
              : read(request, type);
      default -> read(request, type);
    };
  }

  /** From the first that is well. One that does not have what is asked for says null. */
  private <T extends Response<?>> T read(Request<?, ?> request, Class<T> type) throws IOException {
    List<Said<T>> said = new ArrayList<>();
    for (Endpoint endpoint : inOrder()) {
      if (!endpoint.isUp() && said.stream().anyMatch(s -> s.failure() == null)) {
        break;
      }
      try {
        T answer = endpoint.ask(request, type);
        said.add(Said.of(endpoint, answer));
        if (answer.hasError() || answer.getResult() != null) {
          return answer;
        }
      } catch (IOException e) {
        said.add(Said.failed(endpoint, e));
      }
    }
    for (Said<T> s : said) {
      if (s.answer().isPresent()) {
        return s.answer().get();
      }
    }
    throw unanswered(said);
  }

  /** As configured, but those that are behind after the others, and those that fail last. */
  private List<Endpoint> inOrder() {
    return endpoints.stream()
        .filter(Endpoint::isTrusted)
        .sorted(Comparator.comparing((Endpoint e) -> !e.isUp() ? 2 : e.head() < agreedHead ? 1 : 0))
        .toList();
  }

  /** The newest block for all is the one that a majority has reached. */
  private <T extends Response<?>> T newest(Request<?, ?> request, Class<T> type)
      throws IOException {
    BigInteger number = BigInteger.valueOf(head());
    List<Object> params = new ArrayList<>(request.getParams());
    params.set(0, Numeric.toHexStringWithPrefix(number));
    T answer = read(new Request<Object, T>(request.getMethod(), params, this, type), type);
    if (!answer.hasError() && answer.getResult() == null) {
      throw new IOException("block " + number + ", which they had reached, is gone");
    }
    return answer;
  }

  /** An endpoint that lags, or has lost its pool, tells too few. */
  private <T extends Response<?>> T highest(Request<?, ?> request, Class<T> type)
      throws IOException {
    List<Said<T>> said = askAll(readable(), e -> e.askQuickly(request, type));
    Optional<T> highest =
        said.stream()
            .flatMap(s -> s.answer().stream())
            .filter(a -> number(a).isPresent())
            .max(Comparator.comparing(a -> number(a).orElseThrow()));
    if (highest.isPresent()) {
      return highest.get();
    }
    for (Said<T> s : said) {
      if (s.answer().isPresent()) {
        return s.answer().get();
      }
    }
    throw unanswered(said);
  }

  /** Those that are up; those that are not known to lie when none is. */
  private List<Endpoint> readable() {
    List<Endpoint> up = endpoints.stream().filter(Endpoint::isUp).toList();
    return up.isEmpty() ? endpoints.stream().filter(Endpoint::isTrusted).toList() : up;
  }

  /**
   * To all, but those that are out. One that takes it is enough; the others get it behind the
   * caller's back. When none does, an answer by which it may be there already comes first, then one
   * that never came, because it may have arrived; a refusal counts only when no other endpoint can
   * have it.
   */
  private <T extends Response<?>> T broadcast(Request<?, ?> request, Class<T> type)
      throws IOException {
    List<Endpoint> trusted = endpoints.stream().filter(Endpoint::isTrusted).toList();
    List<Endpoint> in = trusted.stream().filter(e -> !e.isOut()).toList();
    List<Endpoint> to = in.isEmpty() ? trusted : in;
    CompletionService<Said<T>> sending = new ExecutorCompletionService<>(threads);
    for (Endpoint endpoint : to) {
      sending.submit(() -> said(endpoint, e -> e.ask(request, type)));
    }
    List<Said<T>> said = new ArrayList<>();
    for (int i = 0; i < to.size(); i++) {
      Said<T> next = await(sending::take);
      if (next.answer().isPresent() && !next.answer().get().hasError()) {
        return next.answer().get();
      }
      said.add(next);
    }
    Optional<T> refusal = Optional.empty();
    for (Said<T> s : said) {
      if (s.answer().isPresent()) {
        if (RpcErrorException.of(s.answer().get().getError()).mayBeThereAlready()) {
          return s.answer().get();
        }
        refusal = s.answer();
      }
    }
    IOException unanswered = unanswered(said);
    if (refusal.isEmpty()) {
      throw unanswered;
    }
    if (mayHaveArrived(unanswered)) {
      throw new IOException(
          unanswered.getMessage() + "; one refuses: " + refusal.get().getError().getMessage(),
          unanswered);
    }
    return refusal.get();
  }

  // ---------------------------------------------------------------- asking many

  /** What one endpoint answered, or why it did not. */
  private record Said<R>(Endpoint endpoint, Optional<R> answer, @Nullable IOException failure) {
    static <R> Said<R> of(Endpoint endpoint, R answer) {
      return new Said<>(endpoint, Optional.of(answer), null);
    }

    static <R> Said<R> failed(Endpoint endpoint, IOException failure) {
      return new Said<>(endpoint, Optional.empty(), failure);
    }
  }

  @FunctionalInterface
  private interface Question<R> {
    R ask(Endpoint endpoint) throws IOException;
  }

  private static <R> Said<R> said(Endpoint endpoint, Question<R> question) {
    try {
      return Said.of(endpoint, question.ask(endpoint));
    } catch (IOException e) {
      return Said.failed(endpoint, e);
    }
  }

  /** All at the same time; in the order of the endpoints. */
  private <R> List<Said<R>> askAll(List<Endpoint> asked, Question<R> question) throws IOException {
    List<Callable<Said<R>>> tasks = new ArrayList<>();
    for (Endpoint endpoint : asked) {
      tasks.add(() -> said(endpoint, question));
    }
    List<Said<R>> said = new ArrayList<>();
    try {
      for (Future<Said<R>> future : threads.invokeAll(tasks)) {
        said.add(await(() -> future));
      }
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    return said;
  }

  /** The answer that comes next. */
  @FunctionalInterface
  private interface Next<R> {
    Future<R> get() throws InterruptedException;
  }

  private static <R> R await(Next<R> next) throws IOException {
    try {
      return next.get().get();
    } catch (InterruptedException e) {
      throw interrupted(e);
    } catch (ExecutionException e) {
      // Failures of endpoints are answers here; what is left is a fault of this program.
      throw new IllegalStateException(e.getCause());
    }
  }

  private static IOException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new IOException("interrupted", e);
  }

  /**
   * Whether a request may have arrived although it has failed so: not where there was no
   * connection.
   */
  static boolean mayHaveArrived(Exception failure) {
    return !(failure instanceof ConnectException);
  }

  private <R> IOException unanswered(List<Said<R>> said) {
    Map<String, String> reasons = new LinkedHashMap<>();
    for (EndpointStatus s : status()) {
      reasons.put(s.name(), s.reason().isEmpty() ? "answers" : s.reason());
    }
    for (Said<R> s : said) {
      if (s.failure() != null) {
        reasons.put(s.endpoint().name(), String.valueOf(s.failure().getMessage()));
      }
    }
    String why = isAlone() ? reasons.values().iterator().next() : String.join("; ", named(reasons));
    boolean noneArrived =
        said.stream().noneMatch(s -> s.failure() != null && mayHaveArrived(s.failure()));
    IOException e = noneArrived ? new ConnectException(why) : new IOException(why);
    for (Said<R> s : said) {
      if (s.failure() != null) {
        e.addSuppressed(s.failure());
      }
    }
    return e;
  }

  private static List<String> named(Map<String, String> reasons) {
    return reasons.entrySet().stream().map(e -> e.getKey() + " " + e.getValue()).toList();
  }

  private static <T extends Response<?>> Request<?, T> request(String method, Class<T> type) {
    return new Request<>(method, List.of(), null, type);
  }

  private static long quantity(Response<?> response) throws IOException {
    if (response.hasError()) {
      throw new IOException(response.getError().getMessage());
    }
    return number(response)
        .filter(n -> n.bitLength() < Long.SIZE)
        .orElseThrow(() -> new IOException("'" + response.getResult() + "' is no number"))
        .longValueExact();
  }

  /** A number as JSON-RPC writes it; empty for anything else. */
  private static Optional<BigInteger> number(Response<?> response) {
    return response.getResult() instanceof String text && NUMBER.matcher(text).matches()
        ? Optional.of(new BigInteger(text.substring(2), 16))
        : Optional.empty();
  }

  // ---------------------------------------------------------------- what nothing here uses

  @Override
  @SuppressWarnings("rawtypes")
  public <T extends Response> CompletableFuture<T> sendAsync(Request request, Class<T> type) {
    throw new UnsupportedOperationException("requests are sent by Rpc.send");
  }

  @Override
  public BatchResponse sendBatch(BatchRequest batch) {
    throw new UnsupportedOperationException("requests are sent one by one");
  }

  @Override
  public CompletableFuture<BatchResponse> sendBatchAsync(BatchRequest batch) {
    throw new UnsupportedOperationException("requests are sent one by one");
  }

  @Override
  @SuppressWarnings("rawtypes")
  public <T extends Notification<?>> Flowable<T> subscribe(
      Request request, String unsubscribe, Class<T> type) {
    throw new UnsupportedOperationException("HTTP endpoints have no subscriptions");
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
