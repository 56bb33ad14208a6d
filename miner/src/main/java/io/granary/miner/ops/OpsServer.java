package io.granary.miner.ops;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * Serves {@code /metrics} in Prometheus' text format, and {@code /health/live} and {@code
 * /health/ready} as JSON with status 200 or 503. It only reads and tells no secrets, but it is not
 * for the public: bind it to loopback or a private network.
 */
public final class OpsServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpServer server;
  // Bounded, so that a peer that reads slowly cannot take the node's memory or threads.
  private final ExecutorService threads =
      Executors.newFixedThreadPool(2, Thread.ofPlatform().daemon().name("ops-http-", 0).factory());

  private OpsServer(HttpServer server) {
    this.server = server;
  }

  /**
   * Starts it.
   *
   * @throws IOException when the address cannot be bound; it names the address and the setting
   */
  public static OpsServer start(InetSocketAddress listen, MinerMetrics metrics, Health health)
      throws IOException {
    HttpServer http;
    try {
      http = HttpServer.create(listen, 16);
    } catch (IOException e) {
      throw new IOException(
          "metrics cannot be served at "
              + listen.getHostString()
              + ":"
              + listen.getPort()
              + " ("
              + e.getMessage()
              + "); choose another address with --metrics",
          e);
    }
    OpsServer server = new OpsServer(http);
    http.setExecutor(server.threads);
    server.serve("/metrics", "text/plain; version=0.0.4; charset=utf-8", () -> text(metrics));
    server.serve(
        "/health/live",
        "application/json",
        () -> {
          Health.Report report = health.report();
          return answer(report.live(), report);
        });
    server.serve(
        "/health/ready",
        "application/json",
        () -> {
          Health.Report report = health.report();
          return answer(report.ready(), report);
        });
    http.start();
    return server;
  }

  /** The port it listens on. */
  public int port() {
    return server.getAddress().getPort();
  }

  private record Answer(int status, byte[] body) {}

  private static Answer text(MinerMetrics metrics) {
    return new Answer(200, metrics.scrape().getBytes(StandardCharsets.UTF_8));
  }

  private static Answer answer(boolean ok, Health.Report report) {
    try {
      return new Answer(
          ok ? 200 : 503, JSON.writeValueAsBytes(Map.of("ok", ok, "loops", report.loops())));
    } catch (IOException e) {
      throw new IllegalStateException("a record that cannot be written as JSON", e);
    }
  }

  private void serve(String path, String type, Supplier<Answer> answer) {
    server.createContext(
        path,
        exchange -> {
          // A context takes every path that begins with its own.
          if (!exchange.getRequestURI().getPath().equals(path)) {
            send(
                exchange,
                "text/plain",
                plain(404, "there are /metrics, /health/live and /health/ready"));
          } else if (!exchange.getRequestMethod().equals("GET")) {
            send(exchange, "text/plain", plain(405, "GET only"));
          } else {
            send(exchange, type, answer.get());
          }
        });
  }

  private static Answer plain(int status, String text) {
    return new Answer(status, (text + "\n").getBytes(StandardCharsets.UTF_8));
  }

  private static void send(HttpExchange exchange, String type, Answer answer) throws IOException {
    try (exchange) {
      exchange.getResponseHeaders().set("Content-Type", type);
      exchange.sendResponseHeaders(answer.status(), answer.body().length);
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(answer.body());
      }
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
