package io.granary.client.erasure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReedSolomonTest {
  private static void refused(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
  }

  @ParameterizedTest
  @CsvSource({"1,0", "1,1", "1,3", "2,0", "2,1", "2,4", "3,2", "4,2", "4,4", "5,3", "7,3"})
  void every_pattern_of_losses(int data, int parity) {
    int length = 37;
    for (CodingEngine engine : CodingEngine.values()) {
      ReedSolomon code = ReedSolomon.of(data, parity, engine);
      byte[][] shards = Shards.coded(code, length, 2, 1);
      for (int pattern = 0; pattern < 1 << code.total(); pattern++) {
        boolean[] present = new boolean[code.total()];
        for (int i = 0; i < present.length; i++) {
          present[i] = (pattern >>> i & 1) == 1;
        }
        byte[][] damaged = Shards.damaged(shards, present, length);
        byte[][] ofData = Shards.copy(damaged);
        int there = Integer.bitCount(pattern);
        if (there < data) {
          String message = there + " of " + (data + parity) + " shards are there and any " + data;
          refused(message + " are needed", () -> code.reconstructData(damaged, present, length));
          refused(message + " are needed", () -> code.reconstruct(damaged, present, length));
          assertArrayEquals(ofData, damaged, "nothing is written");
        } else {
          code.reconstructData(ofData, present, length);
          for (int i = 0; i < code.total(); i++) {
            byte[] expected = i < data ? shards[i] : damaged[i];
            assertArrayEquals(
                expected, ofData[i], "shard " + i + " of " + Arrays.toString(present));
          }
          code.reconstruct(damaged, present, length);
          assertArrayEquals(shards, damaged, Arrays.toString(present));
        }
      }
    }
  }

  @Test
  void parity_follows_from_every_other_shard() {
    ReedSolomon code = ReedSolomon.of(4, 2);
    byte[][] shards = Shards.coded(code, 100, 0, 1);
    byte[][] changed = Shards.copy(shards);
    changed[3][99] ^= 1;
    code.encode(changed, 100);
    for (int i = 4; i < 6; i++) {
      assertArrayEquals(
          Arrays.copyOf(shards[i], 99), Arrays.copyOf(changed[i], 99), "the other bytes");
      assertFalse(shards[i][99] == changed[i][99], "parity " + i);
    }
  }

  @Test
  void with_one_data_shard_all_are_copies() {
    ReedSolomon code = ReedSolomon.of(1, 127);
    byte[][] shards = Shards.coded(code, 50, 0, 1);
    for (byte[] shard : shards) {
      assertArrayEquals(Shards.random(50, 1), shard);
    }
  }

  @Test
  void without_parity_data_is_left_alone() {
    ReedSolomon code = ReedSolomon.of(3, 0);
    byte[][] shards = Shards.coded(code, 50, 0, 1);
    for (int i = 0; i < 3; i++) {
      assertArrayEquals(Shards.random(50, 1 + i), shards[i]);
    }
    refused(
        "2 of 3 shards are there and any 3 are needed",
        () -> code.reconstruct(shards, Shards.presentBut(3, 1), 50));
  }

  @Test
  void a_pattern_is_not_mistaken_for_the_one_before() {
    ReedSolomon code = ReedSolomon.of(4, 2);
    byte[][] shards = Shards.coded(code, 64, 0, 1);
    // The caller's array is another pattern the next time.
    boolean[] present = Shards.presentBut(6);
    int[][] patterns = {{0, 1}, {0, 1}, {1, 2}, {5}, {0, 1}};
    for (int[] missing : patterns) {
      Arrays.fill(present, true);
      IntStream.of(missing).forEach(i -> present[i] = false);
      byte[][] damaged = Shards.damaged(shards, present, 64);
      code.reconstruct(damaged, present, 64);
      assertArrayEquals(shards, damaged, Arrays.toString(missing));
    }
  }

  @Test
  void of_a_missing_parity_shard_no_bytes_are_needed_to_have_the_data() {
    ReedSolomon code = ReedSolomon.of(2, 2);
    byte[][] shards = Shards.coded(code, 40, 0, 1);
    boolean[] present = Shards.presentBut(4, 1, 2);
    byte[][] damaged = Shards.damaged(shards, present, 40);
    damaged[2] = new byte[0];
    code.reconstructData(damaged, present, 40);
    assertArrayEquals(shards[1], damaged[1]);
    refused(
        "cannot code 40 bytes: the array of shard 2 has 0",
        () -> code.reconstruct(damaged, present, 40));
  }

  @Test
  void numbers_of_shards() {
    assertDoesNotThrow(() -> ReedSolomon.of(1, 0));
    assertDoesNotThrow(() -> ReedSolomon.of(64, 64));
    ReedSolomon most = ReedSolomon.of(1, 127);
    assertEquals(1, most.data());
    assertEquals(127, most.parity());
    assertEquals(128, most.total());
    refused("a file has 1 to 64 data shards, not 0", () -> ReedSolomon.of(0, 2));
    refused("a file has 1 to 64 data shards, not -1", () -> ReedSolomon.of(-1, 2));
    refused("a file has 1 to 64 data shards, not 65", () -> ReedSolomon.of(65, 2));
    refused("4 data shards can have 0 to 124 parity shards, not -1", () -> ReedSolomon.of(4, -1));
    refused("4 data shards can have 0 to 124 parity shards, not 125", () -> ReedSolomon.of(4, 125));
    refused(
        "64 data shards can have 0 to 64 parity shards, not 2147483647",
        () -> ReedSolomon.of(64, Integer.MAX_VALUE));
  }

  @Test
  void arrays_of_the_wrong_size() {
    ReedSolomon code = ReedSolomon.of(2, 1);
    byte[][] shards = new byte[3][8];
    boolean[] present = Shards.presentBut(3, 0);
    refused("2+1 shards are coded together, not 2 shards", () -> code.encode(new byte[2][8], 8));
    refused(
        "2+1 shards are coded together, not 4 shards",
        () -> code.reconstruct(new byte[4][8], present, 8));
    refused(
        "2+1 shards are coded together, not 2 marks of shards that are there",
        () -> code.reconstructData(shards, new boolean[2], 8));
    refused("cannot code 9 bytes: the array of shard 0 has 8", () -> code.encode(shards, 9));
    refused("cannot code -1 bytes: the array of shard 0 has 8", () -> code.encode(shards, -1));
    refused(
        "cannot code 8 bytes: the array of shard 2 has 7",
        () -> code.encode(new byte[][] {new byte[8], new byte[8], new byte[7]}, 8));
    refused(
        "cannot code 9 bytes: the array of shard 1 has 8",
        () -> code.reconstructData(shards, present, 9));
    assertDoesNotThrow(() -> code.encode(shards, 0));
  }
}
