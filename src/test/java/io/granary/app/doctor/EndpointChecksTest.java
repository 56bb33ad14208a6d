package io.granary.app.doctor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.granary.contracts.EndpointProbe;
import io.granary.contracts.deploy.Deployment;
import io.granary.protocol.values.Address;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is said of endpoints that answer in part. */
class EndpointChecksTest {
  private static final String HASH = "0x" + "ab".repeat(32);
  private static final String BLOCK =
      "\"result\":{\"number\":\"0x64\",\"hash\":\"" + HASH + "\",\"timestamp\":\"0x1\"}";
  private static final Address SOMEBODY = Address.of(new byte[20]);

  private final Map<String, String> answers = new ConcurrentHashMap<>();
  private long widestLogs;
  private int refusal = -32005;
  private HttpServer server;
  private EndpointProbe probe;
  private Deployment deployment;

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    URI endpoint = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    probe = new EndpointProbe(endpoint);
    deployment =
        new Deployment(
            endpoint, 7, SOMEBODY, SOMEBODY, SOMEBODY, SOMEBODY, Optional.empty(), 1_000);
    answers.put("eth_getLogs", "\"result\":[]");
    answers.put("eth_chainId", "\"result\":\"0x7\"");
    answers.put("eth_getBlockByNumber", BLOCK);
    answers.put("eth_getBlockByHash", BLOCK);
  }

  @AfterEach
  void end() {
    probe.close();
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    JsonNode question = new ObjectMapper().readTree(exchange.getRequestBody());
    String method = question.path("method").asText();
    String answer = answers.get(method);
    if (method.equals("eth_getLogs")) {
      JsonNode filter = question.path("params").path(0);
      long blocks = 1 + number(filter.path("toBlock")) - number(filter.path("fromBlock"));
      answer = blocks > widestLogs ? refused() : answer;
    }
    byte[] body =
        ("{\"jsonrpc\":\"2.0\",\"id\":" + question.path("id") + "," + answer + "}").getBytes(UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private String refused() {
    return "\"error\":{\"code\":" + refusal + ",\"message\":\"range is too large\"}";
  }

  private static long number(JsonNode hex) {
    return Long.decode(hex.asText());
  }

  private static void is(Finding.Level level, Finding found, String... parts) {
    assertEquals(level, found.level(), found.toString());
    for (String part : parts) {
      assertTrue(found.toString().contains(part), part + " is not in: " + found);
    }
  }

  @Test
  void another_chain_fails() {
    is(Finding.Level.OK, EndpointChecks.chain(probe, deployment, "here"), "chain 7");
    answers.put("eth_chainId", "\"result\":\"0x1\"");
    is(
        Finding.Level.FAILED,
        EndpointChecks.chain(probe, deployment, "here"),
        "of chain 1,",
        "endpoint of chain 7");
  }

  @Test
  void logs_in_small_pages_are_a_warning_and_none_a_failure() {
    widestLogs = 5_000;
    is(Finding.Level.OK, EndpointChecks.logs(probe, deployment, 9_000), "4001 to 9000");
    is(Finding.Level.OK, EndpointChecks.logs(probe, deployment, 1_050), "1000 to 1050");
    widestLogs = 4_999;
    is(Finding.Level.WARNING, EndpointChecks.logs(probe, deployment, 9_000), "too large");
    refusal = -32602;
    is(Finding.Level.WARNING, EndpointChecks.logs(probe, deployment, 9_000), "too large");
    widestLogs = 99;
    is(Finding.Level.FAILED, EndpointChecks.logs(probe, deployment, 9_000), "eth_getLogs");
  }

  @Test
  void blocks_are_found_by_number_and_by_hash() {
    is(Finding.Level.OK, EndpointChecks.blocks(probe, 100, 30), "(70)");
    is(Finding.Level.OK, EndpointChecks.blocks(probe, 100, 300), "(0)");
    answers.put("eth_getBlockByHash", "\"result\":null");
    is(Finding.Level.WARNING, EndpointChecks.blocks(probe, 100, 30), HASH.substring(2), "disagree");
    answers.put("eth_getBlockByNumber", "\"result\":null");
    is(Finding.Level.FAILED, EndpointChecks.blocks(probe, 100, 30), "have block 70");
  }
}
