package io.granary.miner.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.OpsConfig;
import io.granary.proofs.Hash32;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** A deal is one trace, a period's proof another, whichever process made their spans. */
class TracesTest {
  private static final Address MINER = Address.parse("0x" + "ab".repeat(20));
  private static final DealId ONE = new DealId(Hash32.fromHex("11".repeat(32)));
  private static final DealId OTHER = new DealId(Hash32.fromHex("22".repeat(32)));

  private final InMemorySpanExporter spans = InMemorySpanExporter.create();

  private Traces traces(Address miner) {
    return Traces.through(SimpleSpanProcessor.create(spans), miner);
  }

  private Map<String, SpanData> byName() {
    return spans.getFinishedSpanItems().stream()
        .collect(Collectors.toMap(SpanData::getName, Function.identity()));
  }

  @Test
  void the_steps_of_a_deal_are_one_trace_also_after_a_restart() {
    Traces first = traces(MINER);
    first.deal(ONE, "upload").close();
    Traces second = traces(MINER);
    second.deal(ONE, "seal").close();
    Map<String, SpanData> found = byName();
    assertEquals("11".repeat(16), found.get("upload").getTraceId());
    assertEquals("11".repeat(16), found.get("seal").getTraceId());
    assertNotEquals(found.get("upload").getSpanId(), found.get("seal").getSpanId());
    assertEquals(
        ONE.toString(),
        found.get("seal").getAttributes().asMap().values().iterator().next().toString());
    second.deals(List.of(ONE, OTHER), "publish").close();
    assertEquals(
        List.of("11".repeat(16), "22".repeat(16)),
        spans.getFinishedSpanItems().subList(2, 4).stream().map(SpanData::getTraceId).toList());
    first.close();
    second.close();
  }

  @Test
  void a_proof_has_parts_and_says_why_it_failed() {
    Traces traces = traces(MINER);
    try (Traces.Step step = traces.period(new Period(7), "prove")) {
      step.part("draw").close();
      step.failed("a replica does not open");
    }
    traces.period(new Period(8), "next").close();
    traces(Address.parse("0x" + "cd".repeat(20))).period(new Period(7), "another's").close();
    traces.call("granary.v1.DealService/GetAsk").close();
    Map<String, SpanData> found = byName();
    SpanData prove = found.get("prove");
    assertEquals(prove.getSpanId(), found.get("draw").getParentSpanId());
    assertEquals(prove.getTraceId(), found.get("draw").getTraceId());
    assertNotEquals(prove.getTraceId(), found.get("next").getTraceId());
    assertNotEquals(prove.getTraceId(), found.get("another's").getTraceId());
    assertEquals(StatusCode.ERROR, prove.getStatus().getStatusCode());
    assertEquals("a replica does not open", prove.getStatus().getDescription());
    assertEquals(StatusCode.UNSET, found.get("draw").getStatus().getStatusCode());
    assertFalse(found.get("granary.v1.DealService/GetAsk").getParentSpanContext().isValid());
  }

  @Test
  void without_a_collector_nothing_is_made() {
    try (Traces none = Traces.none();
        Traces.Step step = none.deals(List.of(ONE, OTHER), "publish")) {
      assertFalse(none.areOn());
      step.failed("it does not matter");
      assertTrue(step == none.call("x") && step == step.part("y"), "one that does nothing");
    }
    IllegalArgumentException wrong =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                new OpsConfig(
                    Optional.empty(), Optional.empty(), Optional.of(URI.create("grpc:4317"))));
    assertTrue(String.valueOf(wrong.getMessage()).contains("grpc:4317"), wrong.getMessage());
  }
}
