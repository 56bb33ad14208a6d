package io.granary.protocol.grpc;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts what peers ask of a node (Protocol §8.6). Memory stays bounded: so many peers are
 * remembered, and the one that was silent longest makes room for a new one. Safe for several
 * threads.
 */
final class Quotas {
  /** Peers remembered; each takes some 200 bytes. */
  static final int PEERS = 10_000;

  /** What gRPC's own retries wait for, milliseconds. */
  static final Metadata.Key<String> PUSHBACK =
      Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);

  private static final Logger LOG = LoggerFactory.getLogger(Quotas.class);
  private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

  private final Quota quota;
  private final long interval;
  private final int capacity;
  private final LongSupplier nanos;
  private long toldAt;
  private final LinkedHashMap<Object, Use> uses = new LinkedHashMap<>(16, 0.75f, true);

  Quotas(Quota quota) {
    this(quota, PEERS, System::nanoTime);
  }

  Quotas(Quota quota, int capacity, LongSupplier nanos) {
    this.quota = quota;
    this.interval = MINUTE / quota.callsPerMinute();
    this.capacity = capacity;
    this.nanos = nanos;
    this.toldAt = nanos.getAsLong() - MINUTE;
  }

  /** What one peer has asked for. */
  private static final class Use {
    private int running;

    /** When all calls so far would have come, had they come evenly; nanoseconds. */
    private long due;

    Use(long now) {
      due = now;
    }
  }

  /** A peer asked for too much; the message names the limit and when to come back. */
  static final class ExceededException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Duration comeBack;

    ExceededException(String message, Duration comeBack) {
      super(message);
      this.comeBack = comeBack;
    }

    Duration comeBack() {
      return comeBack;
    }

    /** Answers the call that was one too many. */
    <Q> ServerCall.Listener<Q> refuse(ServerCall<Q, ?> call) {
      Metadata trailers = new Metadata();
      trailers.put(PUSHBACK, Long.toString(comeBack.toMillis()));
      call.close(Status.RESOURCE_EXHAUSTED.withDescription(getMessage()), trailers);
      return new ServerCall.Listener<>() {};
    }
  }

  /** One call of a peer, which counts as running until it is closed; closing again does nothing. */
  final class Lease {
    private final Use use;
    private final AtomicBoolean over = new AtomicBoolean();

    private Lease(Use use) {
      this.use = use;
    }

    void close() {
      if (over.compareAndSet(false, true)) {
        synchronized (Quotas.this) {
          use.running--;
        }
      }
    }

    /** The same listener, which ends this when its call has ended. */
    <Q> ServerCall.Listener<Q> until(ServerCall.Listener<Q> listener) {
      return new SimpleForwardingServerCallListener<>(listener) {
        @Override
        public void onCancel() {
          close();
          super.onCancel();
        }

        @Override
        public void onComplete() {
          close();
          super.onComplete();
        }
      };
    }
  }

  /**
   * Counts a call.
   *
   * @param peer a value; its text is told to the peer
   */
  synchronized Lease enter(Object peer) throws ExceededException {
    long now = nanos.getAsLong();
    Use use = uses.get(peer);
    if (use == null) {
      makeRoom();
      use = new Use(now);
      uses.put(peer, use);
    }
    if (use.running >= quota.callsAtATime()) {
      throw exceeded(
          "this node runs at most "
              + quota.callsAtATime()
              + " calls at a time for one peer, and runs as many for "
              + peer
              + "; come back when one has ended",
          Duration.ofSeconds(1));
    }
    long ahead = Math.max(0, use.due - now);
    long tooFar = ahead - (MINUTE - interval);
    if (tooFar > 0) {
      throw exceeded(
          "this node takes at most "
              + quota.callsPerMinute()
              + " calls a minute from one peer, and had as many from "
              + peer
              + "; come back in "
              + (1 + TimeUnit.NANOSECONDS.toMillis(tooFar))
              + " ms",
          Duration.ofMillis(1 + TimeUnit.NANOSECONDS.toMillis(tooFar)));
    }
    use.due = now + ahead + interval;
    use.running++;
    return new Lease(use);
  }

  /** The operator is told once a minute: a flood of calls must not become one of lines. */
  private ExceededException exceeded(String message, Duration comeBack) {
    long now = nanos.getAsLong();
    if (now - toldAt >= MINUTE) {
      toldAt = now;
      LOG.atWarn().addKeyValue("answer", message).log("a peer has used up its quota");
    }
    return new ExceededException(message, comeBack);
  }

  /** Peers with running calls stay: leaving them would lose count of what they hold. */
  private void makeRoom() throws ExceededException {
    if (uses.size() < capacity) {
      return;
    }
    for (Iterator<Map.Entry<Object, Use>> oldest = uses.entrySet().iterator(); oldest.hasNext(); ) {
      if (oldest.next().getValue().running == 0) {
        oldest.remove();
        return;
      }
    }
    throw exceeded(
        "this node serves " + capacity + " peers at a time, and does already; come back later",
        Duration.ofSeconds(10));
  }

  /** Peers that it remembers. */
  synchronized int peers() {
    return uses.size();
  }

  /** Calls that run, over all peers. */
  synchronized int running() {
    return uses.values().stream().mapToInt(u -> u.running).sum();
  }
}
