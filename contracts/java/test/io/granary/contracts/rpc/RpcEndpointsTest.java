package io.granary.contracts.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What endpoints may be named, and what is shown of them. */
class RpcEndpointsTest {
  @Test
  void names_show_no_key_and_tell_endpoints_apart() {
    RpcEndpoints two =
        RpcEndpoints.parse(
            "https://user:hidden@a.example.org:8443/v3/hidden, https://b.example.org/hidden?k=hidden,https://b.example.org/other");
    assertEquals(
        List.of("https://a.example.org:8443", "https://b.example.org", "https://b.example.org#2"),
        two.names());
    assertEquals(
        "https://a.example.org:8443, https://b.example.org, https://b.example.org#2",
        two.toString());
    assertEquals("/v3/hidden", two.uris().getFirst().getPath());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ",",
        "http://a.example.org,",
        "ws://hidden@a.example.org",
        "a.example.org:8545/hidden",
        "http://a.example.org, http:// hidden",
        "http://hidden@a.example.org,http://hidden@a.example.org"
      })
  void what_cannot_be_used_is_refused_without_showing_a_key(String text) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> RpcEndpoints.parse(text)).getMessage();
    assertTrue(message.contains("endpoint"), message);
    assertFalse(message.contains("hidden"), message);
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "2, 2", "3, 2", "4, 3", "5, 3"})
  void no_two_majorities_of_the_same_voters_are_apart(int voters, int wanted) {
    assertEquals(wanted, EndpointPool.majority(voters));
  }

  @ParameterizedTest
  @CsvSource({
    "-32005, request rate exceeded, true",
    "429, too many requests, true",
    "-32000, header not found, false"
  })
  void only_what_says_nothing_of_the_question_is_busy(int code, String message, boolean busy) {
    assertEquals(busy, new RpcErrorException(code, message, null).isBusy());
  }
}
