package io.granary.contracts.rpc;

import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.EndpointStatus;
import io.granary.protocol.values.Address;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.web3j.protocol.Web3j;
import org.web3j.protocol.Web3jService;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.Response;
import org.web3j.protocol.core.methods.response.EthSendTransaction;

/**
 * The JSON-RPC endpoints of a chain: sends, retries what may pass, and names them when it does not.
 */
public final class Rpc implements AutoCloseable {
  private static final int TRIES = 4;
  private static final Duration FIRST_PAUSE = Duration.ofMillis(150);

  private final RpcEndpoints endpoints;
  private final EndpointPool pool;
  private final Web3j web3j;

  /** For endpoints; nothing is sent yet. With several, {@link #chainId()} comes first. */
  public Rpc(RpcEndpoints endpoints) {
    this.endpoints = endpoints;
    this.pool = new EndpointPool(endpoints, Clock.systemUTC());
    this.web3j = Web3j.build(pool);
  }

  /** For one endpoint; nothing is sent yet. */
  public Rpc(URI endpoint) {
    this(RpcEndpoints.of(endpoint));
  }

  /** The client, for building requests. */
  public Web3j web3j() {
    return web3j;
  }

  /** The service, for requests that web3j has no method for. */
  public Web3jService service() {
    return pool;
  }

  @FunctionalInterface
  private interface Try<R> {
    R run() throws IOException;
  }

  /**
   * Sends a request and returns its answer.
   *
   * @throws RpcErrorException when the endpoint answered with an error; that it is busy only for
   *     {@code eth_getLogs}, where it can mean that the answer would be too large
   * @throws ChainUnavailableException when none answered, after some tries
   */
  public <T extends Response<?>> T send(Request<?, T> request) {
    T response = retrying(request::send);
    if (response.hasError()) {
      throw RpcErrorException.of(response.getError());
    }
    return response;
  }

  /**
   * Sends a signed transaction, in hex; with several endpoints, to all.
   *
   * @throws RpcErrorException when it was refused; no endpoint has it, unless {@link
   *     RpcErrorException#mayBeThereAlready}
   * @throws ChainUnavailableException when none took it after some tries, and one may have it
   */
  public void broadcast(String raw) {
    // A refusal after a try of which no answer came says nothing: that one may have arrived.
    AtomicReference<@Nullable IOException> lost = new AtomicReference<>();
    Request<?, EthSendTransaction> request = web3j.ethSendRawTransaction(raw);
    EthSendTransaction response =
        retrying(
            () -> {
              try {
                return request.send();
              } catch (IOException e) {
                if (EndpointPool.mayHaveArrived(e)) {
                  lost.set(e);
                }
                throw e;
              }
            });
    if (response.hasError()) {
      RpcErrorException refused = RpcErrorException.of(response.getError());
      if (lost.get() != null && !refused.mayBeThereAlready()) {
        throw unavailable(lost.get());
      }
      throw refused;
    }
  }

  private <R> R retrying(Try<R> something) {
    long pause = FIRST_PAUSE.toMillis();
    for (int attempt = 1; ; attempt++) {
      try {
        return something.run();
      } catch (IOException e) {
        if (attempt == TRIES) {
          throw unavailable(e);
        }
      }
      sleep(pause);
      pause *= 2;
    }
  }

  /** Calls a method that web3j has no types for; the answer as JSON types, empty for null. */
  public Optional<Object> ask(String method, List<?> parameters) {
    Request<?, Answer> request = new Request<>(method, parameters, pool, Answer.class);
    return Optional.ofNullable(send(request).getResult());
  }

  /** An answer of any kind. */
  public static final class Answer extends Response<Object> {}

  /**
   * The chain that the endpoints are of.
   *
   * @throws IllegalArgumentException when they are of several
   * @throws ChainUnavailableException when none answers, after some tries
   */
  public long chainId() {
    return retrying(pool::chainId);
  }

  /**
   * Number of the newest block; with several endpoints, that a majority of them has reached.
   *
   * @throws ChainUnavailableException when none answers, after some tries
   */
  public long head() {
    return retrying(pool::head);
  }

  /**
   * A block as each endpoint tells it that gives it the hash that a majority does, in JSON's types;
   * empty when too few have it yet.
   *
   * @throws ChainUnavailableException when they tell different blocks, or too few answer, after
   *     some tries; it says who says what
   */
  public List<Map<?, ?>> agreedBlock(long number) {
    return retrying(() -> pool.agreed(number));
  }

  /** How each endpoint is. */
  public List<EndpointStatus> status() {
    return pool.status();
  }

  private ChainUnavailableException unavailable(@Nullable IOException e) {
    String who =
        endpoints.uris().size() == 1
            ? "RPC endpoint " + endpoints + " does not answer"
            : "RPC endpoints " + endpoints + " do not answer as they should";
    return new ChainUnavailableException(
        who
            + " ("
            + (e == null ? "" : e.getMessage())
            + "): check that it runs, or give another with --rpc",
        e);
  }

  private void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ChainUnavailableException("interrupted while asking " + endpoints, e);
    }
  }

  /** Text form that web3j wants. */
  public static String hex(Address address) {
    return address.toString();
  }

  /** The endpoints, for messages: without what a key may be in. */
  public String names() {
    return endpoints.toString();
  }

  @Override
  public void close() {
    web3j.shutdown();
  }
}
