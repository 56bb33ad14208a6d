package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.granary.miner.testing.Await;
import io.granary.miner.testing.Renter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a running node shows its operator's tools. */
class OpsTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path dir;
  private MinerFixture f;
  private int port;
  private final HttpClient http = HttpClient.newHttpClient();

  @BeforeEach
  void node() throws IOException {
    f = new MinerFixture(dir);
    port = freePort();
  }

  @AfterEach
  void stop() throws IOException {
    f.close();
    http.shutdownNow();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private void start(Optional<URI> webhook) throws IOException {
    f.with(
            c ->
                c.withOps(
                    new OpsConfig(
                        Optional.of(new InetSocketAddress("127.0.0.1", port)),
                        webhook,
                        Optional.empty())))
        .start();
  }

  private HttpResponse<String> get(String path) {
    return send(HttpRequest.newBuilder(uri(path)).build());
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }

  private HttpResponse<String> send(HttpRequest request) {
    try {
      return http.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private double metric(String line) {
    return get("/metrics")
        .body()
        .lines()
        .filter(l -> l.startsWith(line + " "))
        .mapToDouble(l -> Double.parseDouble(l.substring(line.length() + 1)))
        .findFirst()
        .orElse(Double.NaN);
  }

  @Test
  void metricsFollowTheWork() throws IOException {
    start(Optional.empty());
    byte[] piece = Renter.piece(100_000, 1);
    f.activeDeal(piece, 100);
    int proofs = f.market.proofs.get();
    f.chain.mineUntil("proved twice more", () -> f.market.proofs.get() >= proofs + 2);
    f.chain.mineUntil(
        "a deal is counted", () -> metric("granary_miner_deals{stage=\"active\"}") == 1);
    assertEquals(100_000, metric("granary_miner_sealed_bytes_total"));
    assertEquals(1, metric("granary_miner_sealing_seconds_count"));
    assertEquals(1, metric("granary_miner_transactions_total{operation=\"activate\"}"));
    Await.until(
        "each proof is counted",
        () ->
            metric("granary_miner_transactions_total{operation=\"prove\"}") >= proofs + 2
                && metric("granary_miner_proving_seconds_count") >= proofs + 2);
    assertTrue(metric("granary_miner_proof_slack_blocks") >= 0);
    assertTrue(metric("granary_miner_used_bytes") >= 100_000);
    assertEquals(0, metric("granary_miner_deals{stage=\"failed\"}"));
  }

  @Test
  void healthSaysWhyTheNodeIsNotReady() throws IOException {
    start(Optional.empty());
    Await.until("ready", () -> get("/health/ready").statusCode() == 200);
    f.chain.setDown(true);
    Await.until("not ready", () -> get("/health/ready").statusCode() == 503);
    JsonNode report = JSON.readTree(get("/health/ready").body());
    assertTrue(
        report.path("loops").findValuesAsText("reason").stream()
            .anyMatch(r -> r.startsWith("the chain does not answer")),
        report::toString);
    assertEquals(200, get("/health/live").statusCode(), "a restart would not help");
    f.chain.setDown(false);
    Await.until("ready again", () -> get("/health/ready").statusCode() == 200);
  }

  @Test
  void nothingElseIsServed() throws IOException {
    start(Optional.empty());
    assertEquals(404, get("/").statusCode());
    assertEquals(404, get("/metrics/../db").statusCode());
    assertEquals(404, get("/metricsx").statusCode());
    assertEquals(
        405,
        send(HttpRequest.newBuilder(uri("/metrics"))
                .POST(HttpRequest.BodyPublishers.ofString("x"))
                .build())
            .statusCode());
  }

  @Test
  void anAddressInUseIsNamedAndTheNodeDoesNotStart() throws IOException {
    try (ServerSocket taken = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      IOException e = assertThrows(IOException.class, () -> start(Optional.empty()));
      assertTrue(e.getMessage().contains("127.0.0.1:" + port), e::getMessage);
      assertTrue(e.getMessage().contains("--metrics"), e::getMessage);
    }
    // Nothing was left open.
    start(Optional.empty());
  }

  @Test
  void alertsArePostedWithReasonAndRemedy() throws IOException {
    List<JsonNode> got = new CopyOnWriteArrayList<>();
    HttpServer receiver = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    receiver.createContext(
        "/hook",
        exchange -> {
          got.add(JSON.readTree(exchange.getRequestBody().readAllBytes()));
          // The first answer is a failure: it is sent again.
          exchange.sendResponseHeaders(got.size() == 1 ? 500 : 204, -1);
          exchange.close();
        });
    receiver.start();
    try {
      start(
          Optional.of(URI.create("http://127.0.0.1:" + receiver.getAddress().getPort() + "/hook")));
      f.chain.setDown(true);
      Await.until("it came twice", () -> got.size() >= 2);
      assertEquals(got.get(0), got.get(1));
      assertEquals("chain-unavailable", got.get(0).path("event").asText());
      assertEquals(f.miner.toString(), got.get(0).path("miner").asText());
      assertTrue(got.get(0).path("severe").asBoolean());
      assertTrue(got.get(0).path("remedy").asText().contains("--rpc"));
    } finally {
      receiver.stop(0);
    }
  }

  @Test
  void aWebhookThatIsDownStopsNothing() throws IOException {
    start(Optional.of(URI.create("http://127.0.0.1:" + freePort() + "/hook")));
    f.chain.setDown(true);
    Await.until("it is noticed", () -> f.hadTrouble("chain-unavailable"));
    f.chain.setDown(false);
    f.activeDeal(Renter.piece(10_000, 2), 100);
  }
}
