package io.granary.contracts.tx;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.protocol.crypto.Keccak;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Names of the contracts' functions by their selectors, from their ABIs. */
public final class Selectors {
  private static final List<String> CONTRACTS =
      List.of("StorageMarket", "MinerRegistry", "PaymentChannels", "DevToken");
  private static final Map<String, String> NAMES = load();

  private Selectors() {}

  /** The function that calldata calls; its selector when it is none of the contracts'. */
  public static String name(byte[] calldata) {
    String selector = HexFormat.of().formatHex(calldata, 0, Math.min(4, calldata.length));
    return NAMES.getOrDefault(selector, selector);
  }

  private static Map<String, String> load() {
    Map<String, String> names = new HashMap<>();
    CONTRACTS.forEach(contract -> load(contract, names));
    return Map.copyOf(names);
  }

  private static void load(String contract, Map<String, String> names) {
    try (InputStream in =
        Selectors.class.getResourceAsStream("/io/granary/contracts/abi/" + contract + ".abi")) {
      if (in == null) {
        throw new IllegalStateException("the ABI of " + contract + " is not on the class path");
      }
      for (JsonNode entry : new ObjectMapper().readTree(in)) {
        if (entry.path("type").asText().equals("function")) {
          String signature = entry.path("name").asText() + types(entry.path("inputs"));
          names.putIfAbsent(
              Keccak.hash(signature.getBytes(StandardCharsets.UTF_8)).toHex().substring(0, 8),
              entry.path("name").asText());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String types(JsonNode inputs) {
    StringBuilder text = new StringBuilder("(");
    for (JsonNode input : inputs) {
      if (text.length() > 1) {
        text.append(',');
      }
      String type = input.path("type").asText();
      // A struct stands for the list of its fields' types.
      text.append(
          type.startsWith("tuple")
              ? types(input.path("components")) + type.substring("tuple".length())
              : type);
    }
    return text.append(')').toString();
  }
}
