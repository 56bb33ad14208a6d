package io.granary.miner.ops;

import io.granary.protocol.chain.EndpointStatus;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.deal.DealStage;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What the node measures of itself. docs/metrics.md lists every name with its unit. Safe for
 * several threads.
 */
public final class MinerMetrics implements AutoCloseable {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final JvmGcMetrics gc = new JvmGcMetrics();
  private final AtomicReference<@Nullable NodeStatus> status = new AtomicReference<>();
  private final Map<String, EndpointStatus> endpoints = new ConcurrentHashMap<>();
  private final AtomicReference<Double> slack = new AtomicReference<>(Double.NaN);
  private final Counter sealedBytes =
      Counter.builder("granary.miner.sealed").baseUnit("bytes").register(registry);
  private final Counter scrubbedBytes =
      Counter.builder("granary.miner.scrubbed").baseUnit("bytes").register(registry);
  private final AtomicInteger damaged =
      registry.gauge("granary.miner.damaged.deals", new AtomicInteger());
  private final Timer sealing = Timer.builder("granary.miner.sealing").register(registry);
  private final Timer proving = Timer.builder("granary.miner.proving").register(registry);

  /** Registers every gauge; those of the node say NaN until its first block. */
  public MinerMetrics() {
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    gc.bindTo(registry);
    Gauge.builder("granary.miner.proof.slack", slack, AtomicReference::get)
        .baseUnit("blocks")
        .register(registry);
    gauge("granary.miner.head", "block", NodeStatus::head);
    gauge("granary.miner.period", null, NodeStatus::period);
    gauge("granary.miner.period.decided", null, s -> s.proved() || s.excused() ? 1 : 0);
    gauge("granary.miner.period.left", "blocks", NodeStatus::blocksLeft);
    gauge("granary.miner.capacity", "bytes", NodeStatus::capacityBytes);
    gauge("granary.miner.used", "bytes", NodeStatus::usedBytes);
    gauge("granary.miner.reserved", "bytes", NodeStatus::reservedBytes);
    gauge("granary.miner.unlocked", "tokens", s -> new BigDecimal(s.unlocked()).doubleValue());
    gauge("granary.miner.operator", "wei", s -> new BigInteger(s.gasWei()).doubleValue());
    gauge("granary.miner.outbox", "proofs", NodeStatus::proofsInOutbox);
    gauge("granary.miner.pending", "transactions", s -> s.transactions().size());
    for (DealStage stage : DealStage.values()) {
      String name = stage.name().toLowerCase(Locale.ROOT);
      Gauge.builder(
              "granary.miner.deals",
              status,
              s -> read(s, n -> n.dealsByStage().getOrDefault(name, 0)))
          .tag("stage", name)
          .register(registry);
    }
  }

  private void gauge(String name, @Nullable String unit, ToDoubleFunction<NodeStatus> value) {
    Gauge.builder(name, status, s -> read(s, value)).baseUnit(unit).register(registry);
  }

  private static double read(
      AtomicReference<@Nullable NodeStatus> status, ToDoubleFunction<NodeStatus> value) {
    NodeStatus now = status.get();
    return now == null ? Double.NaN : value.applyAsDouble(now);
  }

  /** An event of the operator log. */
  public void happened(String event) {
    registry.counter("granary.miner.events", "event", event).increment();
  }

  /** A transaction was mined. */
  public void sent(String operation, TxResult.Confirmed tx) {
    registry.counter("granary.miner.transactions", "operation", operation).increment();
    registry.counter("granary.miner.gas", "operation", operation).increment(tx.gasUsed());
    Counter.builder("granary.miner.fees")
        .baseUnit("wei")
        .tag("operation", operation)
        .register(registry)
        .increment(tx.fee().doubleValue());
  }

  /** A period was proved with so many blocks left. */
  public void proved(long slackBlocks, Duration took) {
    slack.set((double) slackBlocks);
    proving.record(took);
  }

  /** A piece was sealed. */
  public void sealed(long bytes, Duration took) {
    sealedBytes.increment(bytes);
    sealing.record(took);
  }

  /** Bytes of replicas were read again and checked. */
  public void scrubbed(long bytes) {
    scrubbedBytes.increment(bytes);
  }

  /** So many deals have a replica of which something is damaged. */
  public void damagedDeals(int deals) {
    damaged.set(deals);
  }

  /** Deals with a replica of which something is damaged. */
  public int damagedDeals() {
    return damaged.get();
  }

  /** How each endpoint is now; each has its own meters from the first time on. */
  public void endpoints(List<EndpointStatus> now) {
    for (EndpointStatus each : now) {
      if (endpoints.put(each.name(), each) == null) {
        Gauge.builder("granary.miner.endpoint.up", endpoints, e -> isUp(e.get(each.name())))
            .tag("endpoint", each.name())
            .register(registry);
        FunctionCounter.builder(
                "granary.miner.endpoint.failures", endpoints, e -> failures(e.get(each.name())))
            .tag("endpoint", each.name())
            .register(registry);
      }
    }
  }

  private static double isUp(@Nullable EndpointStatus endpoint) {
    return endpoint != null && endpoint.state() == EndpointStatus.State.UP ? 1 : 0;
  }

  private static double failures(@Nullable EndpointStatus endpoint) {
    return endpoint == null ? 0 : endpoint.failures();
  }

  /** The node as of its newest block. */
  public void show(NodeStatus now) {
    status.set(now);
  }

  /** Everything in Prometheus' text format. */
  public String scrape() {
    return registry.scrape();
  }

  @Override
  public void close() {
    gc.close();
    registry.close();
  }
}
