package io.granary.contracts;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;

/** An endpoint in front of another, which fails or lies as it is told. */
public final class FaultyEndpoint implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What it does with a request. */
  @FunctionalInterface
  public interface Fault {
    /**
     * The answer, in place of the true one.
     *
     * @param honest sends the request on and returns the true answer
     * @throws IOException to end the connection without an answer
     */
    Reply answer(JsonNode request, Honest honest) throws IOException, InterruptedException;
  }

  /** Asks the endpoint behind. */
  @FunctionalInterface
  public interface Honest {
    ObjectNode ask() throws IOException, InterruptedException;
  }

  /** An answer by HTTP. */
  public record Reply(int status, String body) {}

  private final HttpClient http = HttpClient.newHttpClient();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Map<String, Integer> asked = new ConcurrentHashMap<>();
  private final URI behind;
  private final HttpServer server;
  private volatile Fault fault = FaultyEndpoint::honest;

  public FaultyEndpoint(URI behind) throws IOException {
    this.behind = behind;
    server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  public URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  public String name() {
    return uri().toString();
  }

  /** What it does from now on. */
  public FaultyEndpoint does(Fault other) {
    fault = other;
    return this;
  }

  /** It is well from now on. */
  public void heals() {
    fault = FaultyEndpoint::honest;
  }

  /** How often a method was asked for. */
  public int asked(String method) {
    return asked.getOrDefault(method, 0);
  }

  // ---------------------------------------------------------------- faults

  public static Reply honest(JsonNode request, Honest honest)
      throws IOException, InterruptedException {
    return new Reply(200, honest.ask().toString());
  }

  /** An HTTP error in place of each answer. */
  public static Fault status(int code) {
    return (request, honest) -> new Reply(code, "");
  }

  /** A JSON-RPC error in place of each answer. */
  public static Fault error(int code, String message) {
    return (request, honest) -> {
      ObjectNode answer = JSON.createObjectNode().put("jsonrpc", "2.0");
      answer.set("id", request.get("id"));
      answer.putObject("error").put("code", code).put("message", message);
      return new Reply(200, answer.toString());
    };
  }

  /** Not JSON. */
  public static Fault garbage() {
    return (request, honest) -> new Reply(200, "<html>");
  }

  /** The connection ends without an answer. */
  public static Fault drops() {
    return (request, honest) -> {
      throw new IOException("dropped");
    };
  }

  /** No answer, for as long as it is there. */
  public Fault hangs() {
    return (request, honest) -> {
      closed.await();
      throw new IOException("closed");
    };
  }

  /** Passes a method on, and ends the connection without its answer. */
  public static Fault swallows(String method) {
    return only(
        method,
        (request, honest) -> {
          honest.ask();
          throw new IOException("swallowed");
        });
  }

  /** A fault of one method; all others are answered truly. */
  public static Fault only(String method, Fault fault) {
    return (request, honest) ->
        request.get("method").asText().equals(method)
            ? fault.answer(request, honest)
            : honest(request, honest);
  }

  /** Changes the results of one method that are not null. */
  public static Fault lies(String method, UnaryOperator<JsonNode> lie) {
    return only(
        method,
        (request, honest) -> {
          ObjectNode answer = honest.ask();
          if (answer.hasNonNull("result")) {
            answer.set("result", lie.apply(answer.get("result")));
          }
          return new Reply(200, answer.toString());
        });
  }

  /** Another hash for each block. */
  public static Fault liesAboutHashes(String hash) {
    return lies("eth_getBlockByNumber", block -> ((ObjectNode) block.deepCopy()).put("hash", hash));
  }

  /** A quantity that differs from the true one. */
  public static Fault shifts(String method, long by) {
    return lies(
        method,
        quantity ->
            JSON.getNodeFactory()
                .textNode(
                    "0x" + Long.toHexString(Math.max(0, Long.decode(quantity.asText()) + by))));
  }

  /** The same result for each request. */
  public static Fault says(String method, String result) {
    return lies(method, truth -> JSON.getNodeFactory().textNode(result));
  }

  // ---------------------------------------------------------------- serving

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      JsonNode request = JSON.readTree(body);
      asked.merge(request.get("method").asText(), 1, Integer::sum);
      Reply reply = fault.answer(request, () -> ask(body));
      byte[] answer = reply.body().getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().put("content-type", List.of("application/json"));
      exchange.sendResponseHeaders(reply.status(), answer.length == 0 ? -1 : answer.length);
      exchange.getResponseBody().write(answer);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private ObjectNode ask(byte[] body) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(behind)
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build();
    return (ObjectNode)
        JSON.readTree(http.send(request, HttpResponse.BodyHandlers.ofByteArray()).body());
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    threads.shutdownNow();
    http.shutdownNow();
  }
}
