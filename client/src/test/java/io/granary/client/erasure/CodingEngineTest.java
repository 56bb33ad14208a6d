package io.granary.client.erasure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class CodingEngineTest {
  /** Prints which engine is chosen for the largest file. */
  static final class Choice {
    private Choice() {}

    public static void main(String[] args) {
      System.out.println(CodingEngine.forFile(Long.MAX_VALUE));
    }
  }

  @Test
  void a_small_file_does_not_wait_for_a_warm_up() {
    assertEquals(CodingEngine.TABLE, CodingEngine.forFile(CodingEngine.WORTH_WARMING - 1));
  }

  @Test
  void what_is_chosen_for_large_files_codes_as_tables_do() {
    // Which of the two it is depends on processor and load.
    Kernel chosen = CodingEngine.forFile(CodingEngine.WORTH_WARMING).kernel();
    byte[] shard = Shards.random(5_000, 1);
    byte[] expected = new byte[5_000];
    byte[] sum = new byte[5_000];
    for (int coefficient = 0; coefficient < GaloisField.SIZE; coefficient++) {
      CodingEngine.TABLE.kernel().addMultiple(coefficient, shard, expected, 0, 5_000);
      chosen.addMultiple(coefficient, shard, sum, 0, 5_000);
      assertArrayEquals(expected, sum, "coefficient " + coefficient);
    }
  }

  @Test
  void a_jvm_without_the_module_uses_tables() throws Exception {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Choice.class.getName())
            .redirectErrorStream(true)
            .start();
    String output =
        new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertEquals(0, child.waitFor(), output);
    assertEquals("TABLE", output);
  }
}
