package io.granary.miner.ops;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Posts alerts as JSON from a thread of its own: nothing waits for it, and what cannot be delivered
 * is logged and dropped. The same alert with the same message goes out once in {@link #QUIET}.
 */
public final class Webhook implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Webhook.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  static final Duration QUIET = Duration.ofMinutes(10);
  private static final int WAITING = 100;
  private static final int REMEMBERED = 1_000;
  private static final int TRIES = 3;
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private final URI url;
  private final String miner;
  private final Clock clock;
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(TIMEOUT).version(HttpClient.Version.HTTP_1_1).build();
  private final BlockingQueue<NodeStatus.Trouble> queue = new ArrayBlockingQueue<>(WAITING);
  // When each was posted; the oldest is forgotten first.
  private final Map<String, Instant> posted =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Instant> eldest) {
          return size() > REMEMBERED;
        }
      };
  private final Thread thread;

  /**
   * Starts it.
   *
   * @param miner says whose alerts they are
   */
  public Webhook(URI url, String miner, Clock clock) {
    this.url = url;
    this.miner = miner;
    this.clock = clock;
    this.thread = Thread.ofPlatform().daemon().name("alerts").start(this::run);
  }

  /** Has an alert posted; returns at once. */
  public void tell(NodeStatus.Trouble trouble) {
    synchronized (posted) {
      String what = trouble.event() + " " + trouble.message();
      Instant before = posted.get(what);
      if (before != null && before.plus(QUIET).isAfter(clock.instant())) {
        return;
      }
      posted.put(what, clock.instant());
    }
    if (!queue.offer(trouble)) {
      notDelivered(trouble, WAITING + " alerts are waiting already");
    }
  }

  private void run() {
    try {
      while (true) {
        post(queue.take());
      }
    } catch (InterruptedException e) {
      // Closed.
      Thread.currentThread().interrupt();
    }
  }

  private void post(NodeStatus.Trouble trouble) throws InterruptedException {
    String reason = "";
    for (int attempt = 1; attempt <= TRIES; attempt++) {
      try {
        int status =
            http.send(request(trouble), HttpResponse.BodyHandlers.discarding()).statusCode();
        if (status / 100 == 2) {
          return;
        }
        reason = "it answered " + status;
      } catch (IOException e) {
        reason = e.toString();
      }
      Thread.sleep(Duration.ofSeconds(attempt));
    }
    notDelivered(trouble, reason);
  }

  private HttpRequest request(NodeStatus.Trouble trouble) throws IOException {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("miner", miner);
    body.put("at", trouble.at());
    body.put("event", trouble.event());
    body.put("severe", trouble.severe());
    body.put("reason", trouble.message());
    body.put("remedy", trouble.remedy());
    return HttpRequest.newBuilder(url)
        .timeout(TIMEOUT)
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body)))
        .build();
  }

  private void notDelivered(NodeStatus.Trouble trouble, String reason) {
    // Not an alert itself: it would come back here.
    LOG.atWarn()
        .addKeyValue("event", "alert-not-delivered")
        .addKeyValue("alert", trouble.event())
        .addKeyValue("host", url.getHost())
        .addKeyValue("reason", reason)
        .log("an alert could not be posted; check the webhook");
  }

  @Override
  public void close() {
    thread.interrupt();
    http.shutdownNow();
  }
}
