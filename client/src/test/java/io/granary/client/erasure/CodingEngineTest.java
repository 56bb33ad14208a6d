package io.granary.client.erasure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

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
  void the_choice_for_large_files_is_made_once() {
    // Which of the two depends on processor and load; that both give the same, other tests show.
    CodingEngine chosen = CodingEngine.forFile(CodingEngine.WORTH_WARMING);
    assertSame(chosen, CodingEngine.forFile(Long.MAX_VALUE));
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
