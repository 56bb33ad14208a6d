package io.granary.miner.ops;

import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Traces of what a node does, for an OpenTelemetry collector. All steps of a deal are one trace, so
 * are those of a period's proof: its id follows from the deal's, or from miner and period, so that
 * it outlives the process. Without a collector nothing is made and nothing costs.
 */
public final class Traces implements AutoCloseable {
  private static final AttributeKey<String> DEAL = AttributeKey.stringKey("granary.deal");
  private static final AttributeKey<Long> PERIOD = AttributeKey.longKey("granary.period");

  /** A collector that is away must not hold up a node that stops. */
  private static final Duration LAST_EXPORT = Duration.ofSeconds(5);

  private record Recording(SdkTracerProvider provider, Tracer tracer, Address miner) {}

  private final Optional<Recording> recording;

  private Traces(Optional<Recording> recording) {
    this.recording = recording;
  }

  /** Records nothing. */
  public static Traces none() {
    return new Traces(Optional.empty());
  }

  /**
   * Sends what a miner does to a collector, in batches beside the work; what it does not take is
   * dropped.
   *
   * @param collector where it takes OTLP over HTTP, for example {@code
   *     http://127.0.0.1:4318/v1/traces}
   */
  public static Traces to(URI collector, Address miner) {
    return through(
        BatchSpanProcessor.builder(
                OtlpHttpSpanExporter.builder().setEndpoint(collector.toString()).build())
            .build(),
        miner);
  }

  static Traces through(SpanProcessor processor, Address miner) {
    SdkTracerProvider provider =
        SdkTracerProvider.builder()
            .setResource(
                Resource.create(
                    Attributes.of(
                        AttributeKey.stringKey("service.name"),
                        "granary-miner",
                        AttributeKey.stringKey("service.instance.id"),
                        miner.toString())))
            .addSpanProcessor(processor)
            .build();
    return new Traces(Optional.of(new Recording(provider, provider.get("granary"), miner)));
  }

  /** True when somebody wants them. */
  public boolean areOn() {
    return recording.isPresent();
  }

  /** A step of a deal, which begins now. */
  public Step deal(DealId id, String name) {
    return deals(List.of(id), name);
  }

  /** A step that several deals take together; each has it in its trace. */
  public Step deals(List<DealId> ids, String name) {
    return recording
        .map(
            r ->
                new Step(
                    ids.stream()
                        .map(
                            id ->
                                r.tracer()
                                    .spanBuilder(name)
                                    .setParent(trace(id.hash()))
                                    .setAttribute(DEAL, id.toString())
                                    .startSpan())
                        .toList(),
                    r.tracer()))
        .orElse(Step.NONE);
  }

  /** A step of a period's proof, which begins now. */
  public Step period(Period period, String name) {
    return recording
        .map(
            r -> {
              byte[] which =
                  ByteBuffer.allocate(Address.BYTES + Long.BYTES)
                      .put(r.miner().bytes())
                      .putLong(period.index())
                      .array();
              return new Step(
                  List.of(
                      r.tracer()
                          .spanBuilder(name)
                          .setParent(trace(Sha256.hash(which)))
                          .setAttribute(PERIOD, period.index())
                          .startSpan()),
                  r.tracer());
            })
        .orElse(Step.NONE);
  }

  /** A call that a peer makes, which begins now. */
  public Step call(String method) {
    return recording
        .map(
            r ->
                new Step(
                    List.of(
                        r.tracer()
                            .spanBuilder(method)
                            .setSpanKind(SpanKind.SERVER)
                            .setNoParent()
                            .startSpan()),
                    r.tracer()))
        .orElse(Step.NONE);
  }

  /** As if somebody else had begun the trace: 16 bytes of it name the trace, 8 its beginning. */
  private static Context trace(Hash32 what) {
    String hex = what.toHex();
    return Context.root()
        .with(
            Span.wrap(
                SpanContext.createFromRemoteParent(
                    hex.substring(0, 32),
                    hex.substring(32, 48),
                    TraceFlags.getSampled(),
                    TraceState.getDefault())));
  }

  /** Sends what is left, for at most five seconds. */
  @Override
  public void close() {
    recording.ifPresent(
        r -> r.provider().shutdown().join(LAST_EXPORT.toMillis(), TimeUnit.MILLISECONDS));
  }

  /** Something that has begun; it ends when it is closed. */
  public static final class Step implements AutoCloseable {
    private static final Step NONE = new Step(List.of(), OpenTelemetry.noop().getTracer("granary"));

    private final List<Span> spans;
    private final Tracer tracer;

    private Step(List<Span> spans, Tracer tracer) {
      this.spans = spans;
      this.tracer = tracer;
    }

    /** A part of it, which begins now. */
    public Step part(String name) {
      return spans.isEmpty()
          ? NONE
          : new Step(
              spans.stream()
                  .map(s -> tracer.spanBuilder(name).setParent(Context.root().with(s)).startSpan())
                  .toList(),
              tracer);
    }

    /** It does not come to what it was begun for. */
    public void failed(String reason) {
      spans.forEach(s -> s.setStatus(StatusCode.ERROR, reason));
    }

    @Override
    public void close() {
      spans.forEach(Span::end);
    }
  }
}
