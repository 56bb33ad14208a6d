package io.granary.app.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.MinerConfig;
import io.granary.protocol.grpc.Quota;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A wrong key or value is named, with what would do. */
class MinerSettingsTest {
  private static final String WHOLE =
      """
      {"miner": "0x1111111111111111111111111111111111111111", "endpoint": "a.example:7420",
       "listen": "127.0.0.1:7420", "capacityBytes": 1000, "pricePerLeafPeriod": 5,
       "collateralPerLeaf": 6MORE}
      """;

  @TempDir Path dir;

  private MinerSettings load(String text) throws IOException {
    Path file = dir.resolve("miner.json");
    Files.writeString(file, text);
    return MinerSettings.load(file);
  }

  @Test
  void what_is_not_said_has_its_default_and_is_not_written() throws IOException {
    MinerSettings settings = load(WHOLE.replace("MORE", ""));
    MinerConfig config = settings.config(dir);
    assertEquals(32L << 30, config.ask().maxSize());
    assertEquals(Optional.empty(), config.ops().listen());
    settings.save(dir.resolve("again.json"));
    assertEquals(settings, MinerSettings.load(dir.resolve("again.json")));
    assertTrue(!Files.readString(dir.resolve("again.json")).contains("metrics"));
  }

  @Test
  void what_is_said_counts() throws IOException {
    MinerConfig config =
        load(WHOLE.replace(
                "MORE",
                ", \"metrics\": \"127.0.0.1:9420\", \"denyClients\": [\"0x2222222222222222222222222222222222222222\"], \"clientBytesPerHour\": 7, \"tiers\": [{\"fromBytes\": 50, \"pricePerLeafPeriod\": 4}], \"dealCommand\": [\"look\", \"-x\"], \"alerts\": \"https://x.example/h\", \"maxPieceBytes\": 99, \"minPeriods\": 3, \"drainSeconds\": 7, \"callsPerMinute\": 8, \"callsAtATime\": 9"))
            .config(dir);
    assertEquals(9420, config.ops().listen().orElseThrow().getPort());
    assertEquals("x.example", config.ops().webhook().orElseThrow().getHost());
    assertEquals(99, config.ask().maxSize());
    assertEquals(3, config.ask().minPeriods());
    assertFalse(config.filter().admits(Address.parse("0x" + "22".repeat(20))));
    assertTrue(config.filter().admits(Address.parse("0x" + "33".repeat(20))));
    assertEquals(TokenAmount.of(4), config.ask().of(50, 3).pricePerLeafPeriod());
    assertEquals(7, config.filter().bytesPerHour());
    assertEquals(List.of("look", "-x"), config.filter().command());
    assertEquals(Duration.ofSeconds(7), config.drain());
    assertEquals(new Quota(8, 9), config.quota());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '~',
      value = {
        ", \"capcityBytes\": 1; there is no key 'capcityBytes'; there are miner, endpoint",
        ", \"metrics\": \"9420\"; 'metrics': not host:port: '9420'",
        ", \"alerts\": \"ftp://x.example\"; not to 'ftp://x.example'",
        ", \"alerts\": \"not a url\"; 'alerts'",
        ", \"minPieceBytes\": 10, \"maxPieceBytes\": 5; not 10 and 5",
        ", \"minPeriods\": \"many\"; many",
        ", \"drainSeconds\": 901; drainSeconds lies between 0 (cut what runs) and 900, not 901",
        ", \"drainSeconds\": -1; not -1",
        ", \"callsPerMinute\": 0; callsPerMinute lies between 1 and 1000000 for one peer, not 0",
        ", \"callsAtATime\": 1000001; callsAtATime lies between 1 and 1000000 for one peer",
        "; cannot be read",
        ", \"tiers\": [{\"fromBytes\": 9}]; 'tiers': a tier has no pricePerLeafPeriod",
        ", \"tiers\": [{\"pricePerLeafPeriod\": 4}]; not 0 and 0",
        ", \"tiers\": [{\"fromPeriods\": 9, \"pricePerLeafPeriod\": 5}]; must be below pricePerLeafPeriod, 5",
        ", \"tiers\": [{\"fromPeriods\": 10001, \"pricePerLeafPeriod\": 4}]; the longest deal, 10000",
        ", \"tiers\": [{\"fromSize\": 9, \"pricePerLeafPeriod\": 4}]; fromSize",
        ", \"allowClients\": []; 'allowClients': the list [] is empty",
        ", \"denyClients\": [\"0x12\"]; 'denyClients'",
        ", \"denyClients\": [null]; has a null",
        ", \"clientDealsPerHour\": -1; not -1 and 0",
        ", \"dealCommand\": []; 'dealCommand': the list [] is empty",
        ", \"dealCommand\": [\" \"]; begins with a program",
        ", \"dealCommand\": \"sh -c true\"; cannot be read",
        ", \"dealCommandSeconds\": 60; between 1 and 20, not 60",
      })
  void a_mistake_is_named(String more, String expected) {
    String text = more == null ? WHOLE.replace("6MORE", "") : WHOLE.replace("MORE", more);
    IOException e = assertThrows(IOException.class, () -> load(text));
    assertTrue(e.getMessage().contains(expected), e::getMessage);
    assertTrue(e.getMessage().contains("miner.json"), e::getMessage);
  }

  @Test
  void a_missing_key_is_named() {
    IOException e =
        assertThrows(
            IOException.class,
            () -> load(WHOLE.replace("MORE", "").replace("\"listen\": \"127.0.0.1:7420\",", "")));
    assertTrue(e.getMessage().contains("'listen' is missing"), e::getMessage);
  }
}
