package io.granary.miner.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.OperatorLog;
import io.granary.miner.ops.MinerMetrics;
import io.granary.protocol.chain.ChainReader;
import io.granary.protocol.chain.EndpointStatus;
import io.granary.protocol.chain.EndpointStatus.State;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.BlockRef;
import java.math.BigInteger;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the operator is told of the endpoints, and how often. */
class EndpointWatchTest {
  /** A chain that has nothing but endpoints. */
  private static final class Endpoints implements ChainReader {
    private List<EndpointStatus> now = List.of();

    @Override
    public List<EndpointStatus> endpoints() {
      return now;
    }

    @Override
    public BlockRef head() {
      throw new AssertionError("nothing is asked of an endpoint");
    }

    @Override
    public BlockRef block(BlockNumber number) {
      throw new AssertionError("nothing is asked of an endpoint");
    }

    @Override
    public BigInteger wei(Address account) {
      throw new AssertionError("nothing is asked of an endpoint");
    }

    @Override
    public BigInteger baseFee() {
      throw new AssertionError("nothing is asked of an endpoint");
    }
  }

  private final MinerMetrics metrics = new MinerMetrics();
  private final OperatorLog log = new OperatorLog(Clock.systemUTC(), metrics);
  private final Endpoints chain = new Endpoints();
  private final EndpointWatch watch = new EndpointWatch(chain, log, metrics);

  private static EndpointStatus a(State state, String reason) {
    return new EndpointStatus("http://a", state, 3, reason);
  }

  private static EndpointStatus b(State state, String reason) {
    return new EndpointStatus("http://b", state, 0, reason);
  }

  private void look(EndpointStatus... now) {
    chain.now = List.of(now);
    watch.run();
  }

  private List<String> told() {
    return log.troubles().reversed().stream().map(t -> t.event() + " " + t.message()).toList();
  }

  @Test
  void one_that_is_out_is_told_once_until_it_is_back() {
    look(a(State.UP, ""), b(State.FAILING, "503"));
    assertEquals(List.of(), told(), "it may be back in a moment");
    look(a(State.UP, ""), b(State.DOWN, "503"));
    look(a(State.UP, ""), b(State.DOWN, "429"));
    assertEquals(List.of("endpoint-down http://b: 503"), told());
    look(a(State.UP, ""), b(State.UP, ""));
    look(a(State.UP, ""), b(State.STANDING, "no block"));
    look(a(State.UP, ""), b(State.OTHER_CHAIN, "chain 5"));
    assertEquals(
        List.of(
            "endpoint-down http://b: 503",
            "endpoint-down http://b: no block",
            "endpoint-down http://b: chain 5"),
        told());
  }

  @Test
  void a_dispute_is_one_alert_and_the_next_another() {
    look(a(State.DISAGREES, "block 7"), b(State.DISAGREES, "block 7"));
    look(a(State.DISAGREES, "block 7"), b(State.DISAGREES, "block 7"));
    assertEquals(List.of("endpoints-disagree block 7"), told());
    look(a(State.UP, ""), b(State.UP, ""));
    look(a(State.DISAGREES, "block 7"), b(State.UP, ""));
    assertEquals(List.of("endpoints-disagree block 7", "endpoints-disagree block 7"), told());
  }

  @Test
  void a_single_endpoint_is_measured_and_no_alert_of_its_own() {
    look(a(State.DOWN, "503"));
    assertEquals(List.of(), told());
    String scraped = metrics.scrape();
    assertTrue(scraped.contains("granary_miner_endpoint_up{endpoint=\"http://a\"} 0.0"), scraped);
    assertTrue(
        scraped.contains("granary_miner_endpoint_failures_total{endpoint=\"http://a\"} 3.0"),
        scraped);
    look(a(State.UP, ""));
    assertTrue(metrics.scrape().contains("granary_miner_endpoint_up{endpoint=\"http://a\"} 1.0"));
  }
}
