package io.granary.client.erasure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.proofs.Sha256;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/**
 * Against vectors of a second implementation ({@code tools/erasure-vectors.mjs} makes them), and
 * the example of docs/file-format.md.
 */
class ErasureVectorsTest {
  private static final HexFormat HEX = HexFormat.of();

  /** Blocks SHA-256("granary:" i), i in decimal from 0. */
  private static byte[] data(int size) {
    ByteBuffer out = ByteBuffer.allocate(size);
    for (int i = 0; out.hasRemaining(); i++) {
      byte[] block = Sha256.hash(("granary:" + i).getBytes(StandardCharsets.UTF_8)).bytes();
      out.put(block, 0, Math.min(block.length, out.remaining()));
    }
    return out.array();
  }

  @Test
  void every_vector_agrees() throws Exception {
    JsonNode vectors;
    try (InputStream in = ErasureVectorsTest.class.getResourceAsStream("/vectors/erasure.json")) {
      vectors = new ObjectMapper().readTree(in);
    }
    int checked = 0;
    for (JsonNode v : vectors) {
      int bytes = v.path("bytes").asInt();
      Striping striping = new Striping(v.path("data").asInt(), v.path("parity").asInt(), bytes);
      assertEquals(v.path("shardBytes").asLong(), striping.shardBytes(), v.toString());
      byte[][] shards = ShardCollector.shards(striping, data(bytes));
      assertEquals(v.path("sha256").size(), shards.length);
      for (int i = 0; i < shards.length; i++) {
        String what = striping + ", shard " + i;
        assertEquals(
            v.path("sha256").path(i).asText(), HEX.formatHex(Sha256.hash(shards[i]).bytes()), what);
        if (v.has("shards")) {
          assertEquals(v.path("shards").path(i).asText(), HEX.formatHex(shards[i]), what);
        }
      }
      for (int p = 0; p < v.path("parityRows").size(); p++) {
        byte[] row = HEX.parseHex(v.path("parityRows").path(p).asText());
        for (int i = 0; i < striping.data(); i++) {
          int expected = NaiveCode.coefficient(striping.data(), i, striping.data() + p);
          assertEquals((byte) expected, row[i], striping + ", row of parity " + p);
        }
      }
      checked++;
    }
    assertTrue(checked >= 10, "vectors checked: " + checked);
  }

  /**
   * The one answer that both implementations which docs/file-format.md names have in their tests.
   */
  @Test
  void the_published_answer_of_5_plus_5() {
    byte[][] shards = {
      {0, 1},
      {4, 5},
      {2, 3},
      {6, 7},
      {8, 9},
      new byte[2],
      new byte[2],
      new byte[2],
      new byte[2],
      new byte[2],
    };
    ReedSolomon.of(5, 5).encode(shards, 2);
    byte[][] parity = {{12, 13}, {10, 11}, {14, 15}, {90, 91}, {94, 95}};
    assertArrayEquals(parity, Arrays.copyOfRange(shards, 5, 10));
  }

  @Test
  void the_documents_example_is_what_is_computed() throws Exception {
    String document =
        Files.readString(Path.of(System.getProperty("granary.root"), "docs/file-format.md"));
    byte[] file = "Granary keeps what it takes, and proves it.".getBytes(StandardCharsets.US_ASCII);
    Striping striping = new Striping(2, 1, file.length);
    byte[][] shards = ShardCollector.shards(striping, file);
    assertTrue(document.contains(new String(file, StandardCharsets.US_ASCII)));
    for (byte[] shard : shards) {
      assertTrue(document.contains(HEX.formatHex(shard)), HEX.formatHex(shard));
    }
    byte[][] expected = Shards.copy(shards);
    expected[2] = new byte[32];
    NaiveCode.encode(expected, 2);
    assertArrayEquals(expected, shards);
  }
}
