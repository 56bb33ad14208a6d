package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import io.granary.miner.testing.Renter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a node tells a collector of a deal's life. */
class TracedNodeTest {
  @TempDir Path dir;
  private final Queue<String> received = new ConcurrentLinkedQueue<>();

  private HttpServer collector() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/v1/traces",
        exchange -> {
          // Names and attributes stand in the message as they are.
          received.add(
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1));
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    server.start();
    return server;
  }

  @Test
  void a_collector_is_told_the_calls_the_steps_of_a_deal_and_its_proofs() throws IOException {
    HttpServer collector = collector();
    URI url = URI.create("http://127.0.0.1:" + collector.getAddress().getPort() + "/v1/traces");
    MinerFixture f =
        new MinerFixture(dir)
            .with(
                c ->
                    c.withOps(new OpsConfig(Optional.empty(), Optional.empty(), Optional.of(url))));
    String deal;
    try (f) {
      f.start();
      deal = f.activeDeal(Renter.piece(5_000, 1), 20).toString();
      f.chain.mineUntil("it is proved", () -> f.market.proofs.get() > 0);
    } finally {
      collector.stop(0);
    }
    String all = String.join("", received);
    for (String name :
        List.of(
            "granary-miner",
            "granary.v1.DealService/ProposeDeal",
            "upload",
            "seal",
            "publish",
            "activate",
            "prove",
            "draw",
            "open",
            "send",
            "granary.period",
            deal)) {
      assertTrue(all.contains(name), name + " was not told");
    }
  }
}
