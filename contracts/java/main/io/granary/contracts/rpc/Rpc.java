package io.granary.contracts.rpc;

import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.values.Address;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import okhttp3.OkHttpClient;
import org.web3j.protocol.Web3j;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.Response;
import org.web3j.protocol.exceptions.ClientConnectionException;
import org.web3j.protocol.http.HttpService;

/** One JSON-RPC endpoint: sends, retries what may pass, and names the endpoint when it does not. */
public final class Rpc implements AutoCloseable {
  private static final int TRIES = 4;
  private static final Duration FIRST_PAUSE = Duration.ofMillis(150);

  private final URI endpoint;
  private final HttpService http;
  private final Web3j web3j;

  /** For an endpoint; nothing is sent yet. */
  public Rpc(URI endpoint) {
    this.endpoint = endpoint;
    OkHttpClient client =
        new OkHttpClient.Builder()
            .connectTimeout(Duration.ofSeconds(5))
            .readTimeout(Duration.ofSeconds(30))
            .callTimeout(Duration.ofSeconds(60))
            .build();
    this.http = new HttpService(endpoint.toString(), client);
    this.web3j = Web3j.build(http);
  }

  /** The client, for building requests. */
  public Web3j web3j() {
    return web3j;
  }

  /** The service, for requests that web3j has no method for. */
  public HttpService service() {
    return http;
  }

  /**
   * Sends a request and returns its answer.
   *
   * @throws RpcErrorException when the endpoint answered with an error; that it is busy only for
   *     {@code eth_getLogs}, where it can mean that the answer would be too large
   * @throws ChainUnavailableException when it did not answer, after some tries
   */
  public <T extends Response<?>> T send(Request<?, T> request) {
    long pause = FIRST_PAUSE.toMillis();
    for (int attempt = 1; ; attempt++) {
      try {
        T response = request.send();
        if (!response.hasError()) {
          return response;
        }
        Response.Error error = response.getError();
        RpcErrorException refused =
            new RpcErrorException(
                error.getCode(), String.valueOf(error.getMessage()), error.getData());
        if (!refused.isBusy()) {
          throw refused;
        }
        if (attempt == TRIES) {
          // Of logs the same code says that they are too many: who asked can ask for fewer.
          throw request.getMethod().equals("eth_getLogs") ? refused : unavailable(refused);
        }
      } catch (IOException | ClientConnectionException e) {
        // The second is how web3j tells of HTTP errors: 429, 502, 503 and their like.
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
    Request<?, Answer> request = new Request<>(method, parameters, http, Answer.class);
    return Optional.ofNullable(send(request).getResult());
  }

  /** An answer of any kind. */
  public static final class Answer extends Response<Object> {}

  private ChainUnavailableException unavailable(Exception e) {
    return new ChainUnavailableException(
        "RPC endpoint "
            + shown(endpoint)
            + " does not answer ("
            + e.getMessage()
            + "): check that it runs, or give another with --rpc",
        e);
  }

  private void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ChainUnavailableException("interrupted while asking " + shown(endpoint), e);
    }
  }

  /** Text form that web3j wants. */
  public static String hex(Address address) {
    return address.toString();
  }

  /** The endpoint; messages use {@link #shown}. */
  public URI endpoint() {
    return endpoint;
  }

  /**
   * An endpoint as messages and logs may show it: paths, queries and user names carry providers'
   * keys.
   */
  public static String shown(URI endpoint) {
    String path = endpoint.getRawPath();
    boolean bare =
        (path == null || path.isEmpty() || path.equals("/")) && endpoint.getRawQuery() == null;
    String authority = String.valueOf(endpoint.getRawAuthority());
    return endpoint.getScheme()
        + "://"
        + authority.substring(authority.lastIndexOf('@') + 1)
        + (bare ? "" : "/…");
  }

  @Override
  public void close() {
    web3j.shutdown();
  }
}
