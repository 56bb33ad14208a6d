package io.granary.contracts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.proofs.Hash32;
import io.granary.protocol.chain.ChainUnavailableException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Headers as nodes tell them, against those that contracts/tools/make-vectors.mjs encodes. */
class BlockHeaderTest {
  private static final String NODE = "http://node.example.org";
  private static final Path VECTORS =
      Path.of("../protocol/src/test/resources/vectors/protocol.json");

  private record Vector(long number, Map<String, Object> told, byte[] rlp, String hash) {
    Map<String, Object> with(String field, Object value) {
      Map<String, Object> changed = new HashMap<>(told);
      changed.put(field, value);
      return changed;
    }
  }

  private static List<Vector> vectors() throws IOException {
    List<Vector> all = new ArrayList<>();
    ObjectMapper json = new ObjectMapper();
    for (JsonNode v : json.readTree(VECTORS.toFile()).required("headers")) {
      // Of a fork to come, which nobody can encode yet.
      if (v.required("header").has("fork")) {
        continue;
      }
      Map<String, Object> told = new HashMap<>();
      v.required("header").properties().forEach(e -> told.put(e.getKey(), e.getValue().asText()));
      told.put("hash", v.required("hash").asText());
      told.put("transactions", List.of());
      told.put("size", "0x267");
      all.add(
          new Vector(
              v.required("number").asLong(),
              told,
              HexFormat.of().parseHex(v.required("rlp").asText().substring(2)),
              v.required("hash").asText()));
    }
    return all;
  }

  private static Vector prague() throws IOException {
    return vectors().stream()
        .filter(v -> v.told().containsKey("requestsHash"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void every_forks_header_is_encoded_as_the_chain_did() throws IOException {
    List<Vector> vectors = vectors();
    assertEquals(12, vectors.size());
    for (Vector v : vectors) {
      BlockHeader header = BlockHeader.of(NODE, v.number(), v.told());
      assertArrayEquals(v.rlp(), header.rlp());
      assertEquals(Hash32.fromHex(v.hash()), header.hash());
      assertEquals(Hash32.fromHex(String.valueOf(v.told().get("mixHash"))), header.mixHash());
    }
  }

  private static String refused(long number, Map<String, Object> told) {
    return Objects.requireNonNull(
        assertThrows(
                ChainUnavailableException.class,
                () -> BlockHeader.of(NODE, number, told),
                () -> told.toString())
            .getMessage());
  }

  @Test
  void one_wrong_or_absent_field_is_no_header() throws IOException {
    Vector v = prague();
    for (String field : v.told().keySet()) {
      if (field.equals("transactions") || field.equals("size")) {
        continue;
      }
      String value = String.valueOf(v.told().get(field));
      String other = value.substring(0, value.length() - 1) + (value.endsWith("1") ? "2" : "1");
      assertTrue(refused(v.number(), v.with(field, other)).contains("does not hash to"), field);
      Map<String, Object> without = new HashMap<>(v.told());
      without.remove(field);
      assertTrue(refused(v.number(), without).contains("does not hash to"), field);
    }
  }

  @Test
  void a_field_that_is_no_hex_is_named() throws IOException {
    Vector v = prague();
    for (String field : List.of("number", "mixHash", "gasUsed")) {
      for (String value : List.of("", "0x", "12", "0xzz", "0x-1")) {
        String message = refused(v.number(), v.with(field, value));
        assertTrue(message.contains("23456789") && message.contains(NODE), message);
      }
      assertTrue(refused(v.number(), v.with(field, "0xzz")).contains(field + " 0xzz"));
    }
  }

  @Test
  void another_blocks_header_is_refused() throws IOException {
    Vector v = prague();
    String message = refused(v.number() + 1, v.told());
    assertTrue(message.contains("block 23456790") && message.contains("number 0x165ec15"), message);
  }

  @Test
  void a_header_of_a_fork_to_come_is_refused_by_the_names_of_its_fields() throws IOException {
    Vector v = prague();
    Map<String, Object> told = new HashMap<>(v.with("hash", "0x" + "ab".repeat(32)));
    told.put("blockAccessListHash", "0x" + "cd".repeat(32));
    String message = refused(v.number(), told);
    assertTrue(message.contains("[blockAccessListHash]"), message);
    assertTrue(message.contains("newer version"), message);
  }
}
