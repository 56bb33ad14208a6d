package io.granary.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.app.node.MinerSettings;
import io.granary.miner.money.BreakEven;
import io.granary.miner.ops.Alert;
import io.granary.miner.ops.MinerMetrics;
import io.granary.proofs.Hash32;
import io.granary.protocol.chain.EndpointStatus;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.BlockRef;
import io.granary.protocol.values.TxHash;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What the documents list is what there is. */
class DocumentedTest {
  private static final Path DOCS = Path.of(System.getProperty("granary.root"), "docs");

  private static Set<String> firstCells(String file, String pattern) throws IOException {
    return Pattern.compile("^\\| `(" + pattern + ")[^`]*` \\|", Pattern.MULTILINE)
        .matcher(Files.readString(DOCS.resolve(file)))
        .results()
        .map(m -> m.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void every_alert_has_a_runbook() throws IOException {
    Set<String> alerts =
        Arrays.stream(Alert.values())
            .map(Alert::code)
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> documented = firstCells("operations.md", "[a-z-]+");
    documented.retainAll(alerts);
    assertEquals(alerts, documented);
    for (Alert alert : Alert.values()) {
      assertTrue(!alert.remedy().isBlank(), alert.code());
    }
  }

  /** Gas of an operation as docs/gas.md measured it. */
  private static long measured(String operation) throws IOException {
    return Files.readString(DOCS.resolve("gas.md"))
        .lines()
        .filter(line -> line.startsWith("| " + operation))
        .map(line -> Long.parseLong(line.split("\\|")[2].strip().replace(",", "")))
        .findFirst()
        .orElseThrow(() -> new AssertionError("docs/gas.md has no " + operation));
  }

  @Test
  void prices_rest_on_the_gas_that_was_measured() throws IOException {
    Map<String, Long> assumed =
        Map.of(
            "publish, per deal in a batch of 20", BreakEven.PUBLISH_GAS,
            "activate, per deal in a batch of 20", BreakEven.ACTIVATE_GAS,
            "settle, per deal in a batch of 50", BreakEven.SETTLE_GAS,
            "prove, k = 5, 1000 deals", BreakEven.PROVE_GAS);
    for (Map.Entry<String, Long> e : assumed.entrySet()) {
      long gas = measured(e.getKey());
      assertEquals(gas, e.getValue(), gas / 20.0, e.getKey());
    }
  }

  @Test
  void every_metric_is_listed_and_no_other() throws IOException {
    Set<String> there = new TreeSet<>();
    try (MinerMetrics metrics = new MinerMetrics()) {
      metrics.happened("missed");
      metrics.sent(
          "prove",
          new TxResult.Confirmed(
              TxHash.parse("0x" + "11".repeat(32)),
              new BlockRef(new BlockNumber(1), Hash32.ZERO),
              1,
              BigInteger.ONE));
      metrics.proved(1, Duration.ofSeconds(1));
      metrics.sealed(1, Duration.ofSeconds(1));
      metrics.endpoints(
          List.of(new EndpointStatus("http://a.example", EndpointStatus.State.UP, 1, "")));
      metrics
          .scrape()
          .lines()
          .filter(l -> l.startsWith("granary_"))
          .map(
              l ->
                  l.replaceFirst("[{ ].*", "")
                      .replaceFirst("_seconds_(count|sum|max)$", "_seconds"))
          .forEach(there::add);
    }
    assertEquals(there, firstCells("metrics.md", "granary_[a-z_]+"));
  }

  @Test
  void every_key_of_the_miners_file_is_listed_and_no_other() throws IOException {
    Set<String> keys =
        Arrays.stream(MinerSettings.class.getRecordComponents())
            .map(RecordComponent::getName)
            .collect(Collectors.toCollection(TreeSet::new));
    String text = Files.readString(DOCS.resolve("configuration.md"));
    String section = text.substring(text.indexOf("## Miners"), text.indexOf("## Markets"));
    Set<String> listed =
        Pattern.compile("^\\| `([A-Za-z]+)` \\|", Pattern.MULTILINE)
            .matcher(section)
            .results()
            .map(m -> m.group(1))
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(keys, listed);
  }
}
