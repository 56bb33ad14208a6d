package io.granary.protocol.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.granary.protocol.grpc.Nonces.Use;
import org.junit.jupiter.api.Test;

/** A nonce counts once as long as its token lives, and memory stays bounded. */
class NoncesTest {
  private final Nonces nonces = new Nonces(2);

  @Test
  void a_nonce_is_taken_once_until_its_token_has_expired() {
    assertEquals(Use.FIRST, nonces.use("a", 20, 10));
    assertEquals(Use.AGAIN, nonces.use("a", 20, 11));
    assertEquals(Use.AGAIN, nonces.use("a", 30, 19), "another expiry is no other nonce");
    assertEquals(Use.FIRST, nonces.use("a", 40, 20), "the token itself is refused by then");
    assertEquals(1, nonces.size());
  }

  @Test
  void a_clock_that_is_set_back_revives_no_token() {
    assertEquals(Use.FIRST, nonces.use("a", 20, 10));
    assertEquals(Use.FIRST, nonces.use("b", 40, 25));
    assertEquals(Use.LATE, nonces.use("a", 20, 12), "forgotten, and so not to be known again");
    assertEquals(Use.AGAIN, nonces.use("b", 40, 12));
    assertEquals(Use.FIRST, nonces.use("c", 41, 12));
  }

  @Test
  void without_room_new_ones_wait_and_known_ones_are_still_known() {
    assertEquals(Use.FIRST, nonces.use("a", 20, 10));
    assertEquals(Use.FIRST, nonces.use("b", 30, 10));
    assertEquals(Use.FULL, nonces.use("c", 40, 10));
    assertEquals(Use.AGAIN, nonces.use("b", 30, 10));
    assertEquals(Use.FIRST, nonces.use("c", 40, 20));
    assertEquals(Use.FULL, nonces.use("d", 40, 20));
  }
}
