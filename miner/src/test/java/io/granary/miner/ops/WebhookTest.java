package io.granary.miner.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.net.httpserver.HttpServer;
import io.granary.miner.testing.Await;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Clock;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The same alert is not posted again and again. */
class WebhookTest {
  @Test
  void theSameAlertGoesOutOnceInAWhile() throws IOException {
    AtomicInteger got = new AtomicInteger();
    HttpServer receiver = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    receiver.createContext(
        "/",
        exchange -> {
          got.incrementAndGet();
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    receiver.start();
    try (Webhook webhook =
        new Webhook(
            URI.create("http://127.0.0.1:" + receiver.getAddress().getPort()),
            "0x00",
            Clock.systemUTC())) {
      NodeStatus.Trouble first = new NodeStatus.Trouble("t", "missed", true, "period 1", "look");
      NodeStatus.Trouble second = new NodeStatus.Trouble("t", "missed", true, "period 2", "look");
      for (int i = 0; i < 50; i++) {
        webhook.tell(first);
      }
      webhook.tell(second);
      Await.until("both came", () -> got.get() == 2);
      webhook.tell(first);
      webhook.tell(new NodeStatus.Trouble("t", "missed", true, "period 3", "look"));
      Await.until("the third came", () -> got.get() >= 3);
      assertEquals(3, got.get());
    } finally {
      receiver.stop(0);
    }
  }
}
