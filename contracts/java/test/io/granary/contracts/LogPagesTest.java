package io.granary.contracts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.granary.contracts.rpc.Rpc;
import io.granary.contracts.rpc.RpcErrorException;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.values.Address;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Endpoints that bound the range of logs, in their own words. */
class LogPagesTest {
  private static final int LIMIT_EXCEEDED = -32005;
  private static final int INVALID_PARAMS = -32602;

  private final List<String> read = new CopyOnWriteArrayList<>();
  private long widest;
  private int refusal;
  private HttpServer server;
  private Rpc rpc;

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    rpc = new Rpc(URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/s3cret"));
  }

  @AfterEach
  void end() {
    rpc.close();
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    JsonNode filter = new ObjectMapper().readTree(exchange.getRequestBody()).path("params").path(0);
    long from = Long.decode(filter.path("fromBlock").asText());
    long to = Long.decode(filter.path("toBlock").asText());
    boolean refused = to - from >= widest;
    if (!refused) {
      read.add(from + "-" + to);
    }
    byte[] body =
        ("{\"jsonrpc\":\"2.0\",\"id\":0,"
                + (refused
                    ? "\"error\":{\"code\":" + refusal + ",\"message\":\"too much\"}}"
                    : "\"result\":[]}"))
            .getBytes(UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private void ask() {
    new LogPages(rpc, Address.of(new byte[20])).forEach(1, 2_500, List.of(), log -> {});
  }

  @Test
  void a_range_that_is_refused_is_asked_for_in_smaller_pages() {
    widest = 1_250;
    for (int code : List.of(INVALID_PARAMS, LIMIT_EXCEEDED)) {
      read.clear();
      refusal = code;
      ask();
      assertEquals(List.of("1-1250", "1251-2500"), read);
    }
  }

  @Test
  void what_is_refused_of_a_single_block_too_is_a_fault() {
    refusal = INVALID_PARAMS;
    assertThrows(RpcErrorException.class, this::ask);
  }

  @Test
  void an_endpoint_that_is_busy_all_the_time_is_unavailable_and_named_without_its_path() {
    refusal = LIMIT_EXCEEDED;
    String message = assertThrows(ChainUnavailableException.class, this::ask).getMessage();
    assertTrue(message.contains("logs of block 1 (too much)"), message);
    assertTrue(!message.contains("s3cret"), message);
  }
}
