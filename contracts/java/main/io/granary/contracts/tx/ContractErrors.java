package io.granary.contracts.tx;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.Keccak;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.web3j.abi.FunctionReturnDecoder;
import org.web3j.abi.TypeReference;
import org.web3j.abi.datatypes.Type;

/** Custom errors, read from the ABIs, as named and readable refusals. */
public final class ContractErrors {
  private static final List<String> ABIS =
      List.of(
          "StorageMarket",
          "MinerRegistry",
          "PaymentChannels",
          "BlockHashSeed",
          "PrevRandaoSeed",
          "DevToken");

  private record Declared(String name, List<String> types, List<String> names) {}

  private static final Map<String, Declared> BY_SELECTOR = load();

  private ContractErrors() {}

  private static Map<String, Declared> load() {
    Map<String, Declared> map = new HashMap<>();
    map.put("08c379a0", new Declared("Error", List.of("string"), List.of("reason")));
    map.put("4e487b71", new Declared("Panic", List.of("uint256"), List.of("code")));
    for (String abi : ABIS) {
      try (InputStream in =
          ContractErrors.class.getResourceAsStream("/io/granary/contracts/abi/" + abi + ".abi")) {
        if (in == null) {
          throw new IllegalStateException("the ABI of " + abi + " is not on the class path");
        }
        for (JsonNode entry : new ObjectMapper().readTree(in)) {
          if (entry.path("type").asText().equals("error")) {
            add(map, entry);
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return Map.copyOf(map);
  }

  private static void add(Map<String, Declared> map, JsonNode entry) {
    List<String> types = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (JsonNode input : entry.path("inputs")) {
      types.add(input.path("type").asText());
      names.add(input.path("name").asText());
    }
    String name = entry.path("name").asText();
    String signature = name + "(" + String.join(",", types) + ")";
    String selector =
        Keccak.hash(signature.getBytes(StandardCharsets.UTF_8)).toHex().substring(0, 8);
    map.put(selector, new Declared(name, types, names));
  }

  /** Names of all errors the contracts can raise. */
  static List<String> names() {
    return BY_SELECTOR.values().stream().map(Declared::name).distinct().sorted().toList();
  }

  /**
   * A refusal from revert data.
   *
   * @param data hex with {@code 0x}; may be empty
   * @param fallback what the endpoint said
   */
  public static TxResult.Refused decode(String data, String fallback) {
    String hex = data.startsWith("0x") ? data.substring(2) : data;
    Declared error = hex.length() < 8 ? null : BY_SELECTOR.get(hex.substring(0, 8));
    if (error == null) {
      String selector = hex.length() < 8 ? "no data" : "selector 0x" + hex.substring(0, 8);
      return new TxResult.Refused(
          "Unknown", "the contract refused without a known reason (" + selector + "): " + fallback);
    }
    List<String> values = decodeArguments(error, hex.substring(8));
    String arguments =
        IntStream.range(0, values.size())
            .mapToObj(i -> error.names().get(i) + " " + values.get(i))
            .collect(Collectors.joining(", "));
    String remedy = Remedies.of(error.name());
    return new TxResult.Refused(
        error.name(), (arguments.isEmpty() ? "" : arguments + ": ") + remedy);
  }

  @SuppressWarnings({"rawtypes", "unchecked"})
  private static List<String> decodeArguments(Declared error, String hex) {
    try {
      List<TypeReference<Type>> types = new ArrayList<>();
      for (String type : error.types()) {
        types.add(TypeReference.makeTypeReference(type));
      }
      return FunctionReturnDecoder.decode("0x" + hex, types).stream()
          .map(t -> print(t.getValue()))
          .toList();
    } catch (ClassNotFoundException | RuntimeException malformed) {
      return List.of();
    }
  }

  private static String print(Object value) {
    return switch (value) {
      case byte[] b -> "0x" + HexFormat.of().formatHex(b);
      case BigInteger i -> i.toString();
      default -> String.valueOf(value);
    };
  }
}
