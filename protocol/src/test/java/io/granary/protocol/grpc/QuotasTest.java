package io.granary.protocol.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Peers have so much and no more, each for itself, and memory stays bounded. */
class QuotasTest {
  private long now = 1_000;

  private Quotas quotas(int perMinute, int atATime, int peers) {
    return new Quotas(new Quota(perMinute, atATime), peers, () -> now);
  }

  private static Quotas.ExceededException exceeded(Quotas quotas, Object peer) {
    return assertThrows(Quotas.ExceededException.class, () -> quotas.enter(peer));
  }

  @Test
  void a_minutes_calls_may_come_at_once_and_the_next_comes_when_it_is_told_to() throws Exception {
    Quotas quotas = quotas(60, 1_000, 10);
    for (int i = 0; i < 60; i++) {
      quotas.enter("a").close();
    }
    Quotas.ExceededException e = exceeded(quotas, "a");
    assertEquals(1, e.comeBack().toSeconds());
    assertTrue(
        e.getMessage().contains("60 calls a minute") && e.getMessage().contains("from a"),
        e.getMessage());
    quotas.enter("b").close();
    now += e.comeBack().minusMillis(2).toNanos();
    exceeded(quotas, "a");
    now += Duration.ofMillis(2).toNanos();
    quotas.enter("a").close();
    exceeded(quotas, "a");
    now += Duration.ofMinutes(1).toNanos();
    for (int i = 0; i < 60; i++) {
      quotas.enter("a").close();
    }
    exceeded(quotas, "a");
  }

  @Test
  void calls_at_a_time_end_once_each() throws Exception {
    Quotas quotas = quotas(1_000, 2, 10);
    Quotas.Lease first = quotas.enter("a");
    quotas.enter("a");
    Quotas.ExceededException e = exceeded(quotas, "a");
    assertTrue(e.getMessage().contains("2 calls at a time"), e.getMessage());
    assertTrue(e.comeBack().isPositive());
    quotas.enter("b");
    first.close();
    first.close();
    quotas.enter("a");
    exceeded(quotas, "a");
    assertEquals(3, quotas.running());
  }

  @Test
  void the_peer_that_was_silent_longest_is_forgotten_and_none_whose_call_runs() throws Exception {
    Quotas quotas = quotas(1, 5, 3);
    Quotas.Lease running = quotas.enter("running");
    quotas.enter("old").close();
    quotas.enter("new").close();
    quotas.enter("newer").close();
    assertEquals(3, quotas.peers());
    exceeded(quotas, "running");
    exceeded(quotas, "new");
    quotas.enter("old").close();
    running.close();
    assertEquals(0, quotas.running());
  }

  @Test
  void no_stranger_is_let_in_while_every_place_is_taken_by_a_running_call() throws Exception {
    Quotas quotas = quotas(10, 5, 3);
    List<Quotas.Lease> leases = new ArrayList<>();
    for (String peer : List.of("a", "b", "c")) {
      leases.add(quotas.enter(peer));
    }
    assertTrue(exceeded(quotas, "d").getMessage().contains("3 peers"));
    quotas.enter("a");
    leases.get(1).close();
    quotas.enter("d");
    assertEquals(3, quotas.peers());
  }

  private static Object peer(String address) throws Exception {
    return QuotaInterceptor.peer(new InetSocketAddress(InetAddress.getByName(address), 1));
  }

  @Test
  void a_peer_is_an_address_or_what_one_host_of_ipv6_can_choose_from() throws Exception {
    assertEquals(peer("192.0.2.1"), peer("192.0.2.1"));
    assertNotEquals(peer("192.0.2.1"), peer("192.0.2.2"));
    assertEquals(peer("192.0.2.1"), peer("::ffff:192.0.2.1"));
    assertEquals(peer("2001:db8:0:1::1"), peer("2001:db8:0:1:ffff::2"));
    assertNotEquals(peer("2001:db8:0:1::1"), peer("2001:db8:0:2::1"));
  }

  @Test
  void a_quota_that_lets_nobody_in_or_bounds_nothing_is_refused() {
    for (int wrong : new int[] {0, -1, 1_000_001}) {
      assertTrue(
          assertThrows(IllegalArgumentException.class, () -> new Quota(wrong, 1))
              .getMessage()
              .startsWith("callsPerMinute lies between 1 and 1000000"));
      assertTrue(
          assertThrows(IllegalArgumentException.class, () -> new Quota(1, wrong))
              .getMessage()
              .startsWith("callsAtATime lies between 1 and 1000000"));
    }
  }
}
