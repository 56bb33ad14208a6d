package io.granary.contracts.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.contracts.FaultyEndpoint;
import io.granary.protocol.chain.EndpointStatus.State;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.OptionalLong;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.web3j.protocol.core.Request;

/** When an endpoint is asked again, and when it has a vote, by the hands of a clock. */
class EndpointTest {
  private static final class Hands extends Clock {
    private Instant now = Instant.EPOCH;

    void turn(Duration by) {
      now = now.plus(by);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  private static final RpcEndpoints.Patience PATIENCE = RpcEndpoints.Patience.DEFAULT;
  private static final Duration ALMOST = Duration.ofMillis(1);

  private final Hands clock = new Hands();
  private FaultyEndpoint server;
  private Endpoint endpoint;

  @BeforeEach
  void start() throws IOException {
    // Nothing is behind it: each answer is one of these tests'.
    server = new FaultyEndpoint(URI.create("http://127.0.0.1:9"));
    OkHttpClient client = new OkHttpClient();
    endpoint = new Endpoint(server.uri(), "http://a", PATIENCE, client, client, clock);
    endpoint.isOf(1, 1);
    endpoint.reached(7);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private void fail() {
    server.does(FaultyEndpoint.status(503));
    assertThrows(IOException.class, this::ask);
  }

  private void answer() throws IOException {
    server.does((request, honest) -> new FaultyEndpoint.Reply(200, "{\"result\":\"0x1\"}"));
    ask();
  }

  private void ask() throws IOException {
    endpoint.ask(new Request<>("eth_chainId", List.of(), null, Rpc.Answer.class), Rpc.Answer.class);
  }

  @Test
  void the_pauses_double_to_64_s_and_one_probe_goes_at_a_time() throws IOException {
    assertTrue(endpoint.isDue());
    fail();
    for (long seconds : new long[] {1, 2, 4, 8, 16, 32, 64, 64}) {
      clock.turn(Duration.ofSeconds(seconds).minus(ALMOST));
      assertFalse(endpoint.isDue(), "before " + seconds + " s");
      clock.turn(ALMOST);
      assertTrue(endpoint.isDue(), "after " + seconds + " s");
      assertFalse(endpoint.isDue(), "somebody asks it already");
      fail();
    }
    answer();
    assertTrue(endpoint.isDue());
    fail();
    clock.turn(PATIENCE.backOff());
    assertTrue(endpoint.isDue(), "it begins anew");
  }

  @Test
  void a_failure_is_not_read_from_at_once_and_costs_the_vote_later() throws IOException {
    assertTrue(endpoint.isUp() && endpoint.hasVote());
    fail();
    assertFalse(endpoint.isUp());
    assertTrue(endpoint.hasVote());
    assertEquals(State.FAILING, endpoint.status().state());
    clock.turn(PATIENCE.out().minus(ALMOST));
    fail();
    assertTrue(endpoint.hasVote(), "it counts from the first failure");
    clock.turn(ALMOST);
    assertFalse(endpoint.hasVote());
    assertEquals(State.DOWN, endpoint.status().state());
    assertEquals(2, endpoint.status().failures());
    answer();
    assertTrue(endpoint.isUp() && endpoint.hasVote());
    assertEquals(State.UP, endpoint.status().state());
  }

  @Test
  void who_is_outvoted_has_no_vote_until_it_agrees() {
    endpoint.disagrees(5, "block 5", false);
    assertTrue(endpoint.hasVote(), "without a majority nobody knows who is wrong");
    endpoint.disagrees(5, "block 5", true);
    assertFalse(endpoint.hasVote() || endpoint.isUp());
    endpoint.disagrees(6, "block 6", false);
    assertFalse(endpoint.hasVote(), "once outvoted it is so until it agrees");
    assertEquals(OptionalLong.empty(), endpoint.disputed());
    clock.turn(PATIENCE.backOff().multipliedBy(4));
    assertEquals(OptionalLong.of(6), endpoint.disputed());
    endpoint.agrees();
    assertTrue(endpoint.hasVote() && endpoint.isUp());
  }

  @Test
  void who_stands_has_no_vote_and_moves_when_its_head_does() {
    assertTrue(endpoint.moves());
    clock.turn(PATIENCE.out());
    endpoint.reached(7);
    assertFalse(endpoint.moves());
    endpoint.stands(true);
    assertFalse(endpoint.hasVote());
    assertTrue(endpoint.isUp(), "it can be asked what it knows");
    endpoint.reached(8);
    assertTrue(endpoint.moves());
    endpoint.stands(false);
    assertTrue(endpoint.hasVote());
  }

  @Test
  void one_of_another_chain_is_never_due() {
    endpoint.isOf(5, 1);
    assertFalse(endpoint.isDue() || endpoint.isUp() || endpoint.hasVote());
    assertEquals(State.OTHER_CHAIN, endpoint.status().state());
  }
}
