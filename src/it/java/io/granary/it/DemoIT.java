package io.granary.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.app.demo.Demo;
import io.granary.app.demo.DemoReport;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole market once through, as `./granary demo` does it, on small files. */
class DemoIT {
  @TempDir Path dir;

  @Test
  void the_whole_story_goes_as_it_should() throws Exception {
    Path big = dir.resolve("big.bin");
    byte[] bytes = new byte[3_000_001];
    new Random(7).nextBytes(bytes);
    Files.write(big, bytes);
    Path small = Files.writeString(dir.resolve("small.txt"), "x");
    StringWriter said = new StringWriter();
    DemoReport report =
        new Demo(dir.resolve("demo"), new PrintWriter(said), false).run(List.of(big, small));
    assertTrue(report.ok(), () -> report.problems() + "\n" + said);
    assertEquals(6 + 2, report.deals(), "two shards were lost and stored anew");
    assertTrue(report.terminated() >= 1, said::toString);
    assertTrue(report.auditProofs() > 0, said::toString);
    assertTrue(report.periodsMissed() > 0 && report.periodsProved() > 20, said::toString);
  }
}
