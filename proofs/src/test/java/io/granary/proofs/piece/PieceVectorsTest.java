package io.granary.proofs.piece;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.proofs.NaiveTree;
import io.granary.proofs.Sha256;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/**
 * Against vectors that two independent implementations agreed on, and against the naive reference.
 */
class PieceVectorsTest {
  /** Blocks SHA-256(seed ":" i), i in decimal from 0, as the vectors' file says of its data. */
  private static byte[] counter(String seed, int size) {
    byte[] out = new byte[size];
    int at = 0;
    for (long i = 0; at < size; i++) {
      byte[] hash = Sha256.hash((seed + ":" + i).getBytes(StandardCharsets.UTF_8)).bytes();
      int n = Math.min(hash.length, size - at);
      System.arraycopy(hash, 0, out, at, n);
      at += n;
    }
    return out;
  }

  private static PieceCommitment commit(byte[] data) {
    PieceHasher hasher = new PieceHasher();
    hasher.update(data, 0, data.length);
    return hasher.finish();
  }

  private static byte[] dataOf(JsonNode v) {
    int size = v.path("size").asInt();
    byte[] data = new byte[size];
    switch (v.path("data").asText()) {
      case "zero" -> {}
      case "cc" -> Arrays.fill(data, (byte) 0xcc);
      default -> data = counter(v.path("seed").asText(), size);
    }
    return data;
  }

  @Test
  void every_vector_agrees() throws Exception {
    JsonNode vectors;
    try (InputStream in = PieceVectorsTest.class.getResourceAsStream("/vectors/piece-cid.json")) {
      vectors = new ObjectMapper().readTree(in);
    }
    int checked = 0;
    for (JsonNode v : vectors) {
      PieceCommitment piece = commit(dataOf(v));
      String what = v.path("data").asText() + " " + v.path("size").asInt();
      assertEquals(v.path("root").asText(), piece.root().toHex(), what);
      assertEquals(v.path("piece_cid_v2").asText(), piece.cid().toString(), what);
      assertEquals(v.path("piece_cid_v1").asText(), piece.cid().v1(), what);
      assertEquals(piece.cid(), PieceCid.parse(v.path("piece_cid_v2").asText()), what);
      checked++;
    }
    assertTrue(checked >= 30, "vectors checked: " + checked);
  }

  @Property(tries = 200)
  void padding_agrees_with_arithmetic_and_comes_back(
      @ForAll @IntRange(min = 1, max = 127 * 9) int size, @ForAll long seed) {
    byte[] raw = NaiveTree.random(size, seed);
    int groups = (size + 126) / 127;
    byte[] padded = new byte[groups * 128];
    Fr32.pad(Arrays.copyOf(raw, groups * 127), 0, padded, 0, groups);
    List<byte[]> leaves = NaiveTree.leaves(raw);
    for (int i = 0; i < leaves.size(); i++) {
      assertArrayEquals(leaves.get(i), Arrays.copyOfRange(padded, 32 * i, 32 * i + 32));
    }
    byte[] back = new byte[groups * 127];
    Fr32.unpad(padded, 0, back, 0, groups);
    assertArrayEquals(raw, Arrays.copyOf(back, size));
  }

  @Property(tries = 60)
  void the_streaming_root_agrees_with_the_naive_one_however_it_is_fed(
      @ForAll @IntRange(min = 1, max = 40_000) int size,
      @ForAll @IntRange(min = 1, max = 9_000) int step) {
    byte[] raw = NaiveTree.random(size, size);
    PieceHasher hasher = new PieceHasher();
    for (int at = 0; at < size; at += step) {
      hasher.update(raw, at, Math.min(step, size - at));
    }
    assertEquals(NaiveTree.root(NaiveTree.leaves(raw)), hasher.finish().root());
  }

  @Property(tries = 500)
  void a_changed_cid_is_refused_with_the_documented_exception(
      @ForAll @IntRange(min = 0, max = 62) int at, @ForAll @IntRange(min = 1, max = 31) int shift) {
    String cid = "bafkzcibcaabdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy";
    String alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    int i = Math.min(at, cid.length() - 1);
    char other = i == 0 ? 'z' : alphabet.charAt((alphabet.indexOf(cid.charAt(i)) + shift) % 32);
    String changed = cid.substring(0, i) + other + cid.substring(i + 1);
    try {
      // A change in the root's digits is another piece; anything else must be refused.
      assertEquals(changed, PieceCid.parse(changed).toString());
    } catch (IllegalArgumentException expected) {
      assertTrue(expected.getMessage().contains(changed), expected.getMessage());
    }
  }

  @Test
  void sizes_that_no_deal_can_hold_name_themselves() {
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> new RawSize(0))
            .getMessage()
            .contains("empty"));
    assertThrows(IllegalArgumentException.class, () -> new RawSize(RawSize.MAX + 1));
    assertEquals(4, new RawSize(127).leafCount());
    assertEquals(8, new RawSize(128).leafCount());
  }
}
