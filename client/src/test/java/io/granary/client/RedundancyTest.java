package io.granary.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RedundancyTest {
  @Test
  void it_is_read_as_it_is_written() {
    assertEquals(Redundancy.DEFAULT, Redundancy.parse("4+2"));
    assertEquals("64+64", Redundancy.parse("64+64").toString());
    assertEquals(6, Redundancy.DEFAULT.miners());
    assertEquals(3, Redundancy.replicas(3).miners());
    assertEquals("3 replicas", Redundancy.replicas(3).toString());
  }

  @ParameterizedTest
  @CsvSource({
    "4, '4' is no number of shards",
    "4+, '4+' is no number of shards",
    "-4+2, '-4+2' is no number of shards",
    "1234+2, '1234+2' is no number of shards",
    "0+2, 'not 0'",
    "65+2, 1 to 64 data shards",
    "64+65, 0 to 64 parity shards beside 64",
    "1+2, ask for 3 replicas",
  })
  void what_is_wrong_is_named(String text, String expected) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Redundancy.parse(text));
    assertTrue(e.getMessage().contains(expected), e.getMessage());
  }

  @Test
  void there_is_at_least_one_replica() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Redundancy.replicas(0));
    assertTrue(e.getMessage().contains("at least 1 replica, not 0"), e.getMessage());
  }
}
