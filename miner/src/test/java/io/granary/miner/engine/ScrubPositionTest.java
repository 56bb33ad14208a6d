package io.granary.miner.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where a pass has come to is kept; what makes no sense begins it anew. */
class ScrubPositionTest {
  @TempDir Path dir;

  @Test
  void it_is_read_as_it_was_written() throws IOException {
    ScrubPosition at =
        new ScrubPosition(Optional.of(DealId.parse("0x" + "5f".repeat(32))), 1_234_567);
    at.save(dir.resolve("scrub.json"));
    assertEquals(at, ScrubPosition.load(dir.resolve("scrub.json")));
    ScrubPosition.start().save(dir.resolve("scrub.json"));
    assertEquals(ScrubPosition.start(), ScrubPosition.load(dir.resolve("scrub.json")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[]", "{\"deal\": 5}", "{\"deal\": \"0x12\", \"chunk\": 1}"})
  void nonsense_begins_anew(String text) throws IOException {
    Files.writeString(dir.resolve("scrub.json"), text);
    assertEquals(ScrubPosition.start(), ScrubPosition.load(dir.resolve("scrub.json")));
  }

  @Test
  void no_file_begins_anew() {
    assertEquals(ScrubPosition.start(), ScrubPosition.load(dir.resolve("none")));
  }
}
