package io.granary.kill;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.web3j.crypto.Hash;
import org.web3j.crypto.TransactionDecoder;

/** Stands between a miner and its chain, and knows what passes. */
final class ChainGate implements AutoCloseable {
  /** Is told of each transaction, by its function, on its way in and before the answer goes out. */
  interface Watch {
    /** False when it is not to go on: whoever sent it is gone. */
    boolean before(String function);

    /** False when the answer is not to go out. */
    boolean after(String function);
  }

  private static final ObjectMapper JSON = new ObjectMapper();

  private final URI chain;
  private final Watch watch;
  private final Map<String, String> functions;
  private final HttpClient http = HttpClient.newHttpClient();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpServer server;
  private final AtomicLong heads = new AtomicLong();

  /**
   * Opens the gate on a port of the loopback.
   *
   * @param abi the market's committed ABI, which names the functions
   */
  ChainGate(URI chain, Path abi, Watch watch) throws IOException {
    this.chain = chain;
    this.watch = watch;
    this.functions = selectors(abi);
    this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::pass);
    server.start();
  }

  URI endpoint() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** How often the miner has asked for the head. */
  long headsAsked() {
    return heads.get();
  }

  private void pass(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      String text = new String(body, java.nio.charset.StandardCharsets.UTF_8);
      boolean sends = text.contains("eth_sendRawTransaction");
      String function = sends ? functionOf(JSON.readTree(body)) : "";
      if (sends && !watch.before(function)) {
        return;
      }
      HttpResponse<byte[]> answer =
          http.send(
              HttpRequest.newBuilder(chain)
                  .header("Content-Type", "application/json")
                  .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                  .build(),
              HttpResponse.BodyHandlers.ofByteArray());
      if (sends && !watch.after(function)) {
        return;
      }
      if (text.contains("\"latest\"")) {
        heads.incrementAndGet();
      }
      exchange.getResponseHeaders().add("Content-Type", "application/json");
      exchange.sendResponseHeaders(answer.statusCode(), answer.body().length);
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(answer.body());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private String functionOf(JsonNode call) {
    return function(
        TransactionDecoder.decode(call.at("/params/0").asText()).getTransaction().getData());
  }

  /** The function that call data names; a transfer of nothing when there is none. */
  String function(String data) {
    String hex = data.startsWith("0x") ? data.substring(2) : data;
    if (hex.isEmpty()) {
      return "cancel";
    }
    String selector = hex.substring(0, 8);
    return functions.getOrDefault(selector, selector);
  }

  private static Map<String, String> selectors(Path abi) throws IOException {
    Map<String, String> found = new HashMap<>();
    for (JsonNode entry : JSON.readTree(Files.readString(abi))) {
      if (entry.path("type").asText().equals("function")) {
        String name = entry.path("name").asText();
        found.put(Hash.sha3String(name + types(entry.path("inputs"))).substring(2, 10), name);
      }
    }
    return found;
  }

  private static String types(JsonNode inputs) {
    StringBuilder all = new StringBuilder("(");
    for (JsonNode input : inputs) {
      String type = input.path("type").asText();
      all.append(all.length() > 1 ? "," : "")
          .append(
              type.startsWith("tuple")
                  ? types(input.path("components")) + type.substring("tuple".length())
                  : type);
    }
    return all.append(")").toString();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
    http.close();
  }
}
