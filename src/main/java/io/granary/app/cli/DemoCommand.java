package io.granary.app.cli;

import io.granary.app.demo.Demo;
import io.granary.app.demo.DemoReport;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code granary demo}. */
@Command(
    name = "demo",
    description =
        "The whole market once through, on this machine: a chain, four miners, an auditor, your file stored, proved, one miner's bytes destroyed and slashed, the file back, everything audited.",
    footer = {"", "Example: granary demo holiday.tar", "         granary demo --keep"})
public final class DemoCommand implements Callable<Integer> {
  private static final int DEFAULT_BYTES = 64 << 20;

  @Mixin Common common = new Common();

  @Parameters(
      paramLabel = "FILE",
      arity = "0..*",
      description = "Files to store (default: 64 MiB of generated data and a small text).")
  @Nullable List<Path> files;

  @Option(
      names = "--keep",
      description = "Leave the market running at the end and say how to use it.")
  boolean keep;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description = "Where everything lies (default: a temporary folder).")
  @Nullable Path dir;

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path place = dir == null ? Files.createTempDirectory("granary-demo-") : dir;
    Files.createDirectories(place);
    PrintWriter out =
        common.json ? new PrintWriter(System.err, true, StandardCharsets.UTF_8) : common.out();
    DemoReport report =
        new Demo(place, out, keep).run(files == null || files.isEmpty() ? generate(place) : files);
    if (!common.json) {
      out.println();
      print(out, report);
    } else {
      common.out().println(Out.json(report));
      common.out().flush();
    }
    if (report.ok() && !keep && dir == null) {
      delete(place);
    } else {
      out.println("Everything lies in " + place);
    }
    out.flush();
    return report.ok() ? 0 : Failures.RETRY;
  }

  private static List<Path> generate(Path place) throws IOException {
    Path big = place.resolve("generated.bin");
    Random random = new Random(1);
    try (OutputStream stream = new BufferedOutputStream(Files.newOutputStream(big))) {
      byte[] block = new byte[1 << 20];
      for (int i = 0; i < DEFAULT_BYTES / block.length; i++) {
        random.nextBytes(block);
        stream.write(block);
      }
    }
    Path small = place.resolve("note.txt");
    Files.writeString(small, "Grain that is stored is proved, period after period.\n");
    return List.of(big, small);
  }

  private static void print(PrintWriter out, DemoReport r) {
    List<List<String>> table = new ArrayList<>();
    table.add(List.of("stored", Out.bytes(r.bytes()) + " in " + r.deals() + " deals"));
    table.add(List.of("periods", r.periodsProved() + " proved, " + r.periodsMissed() + " missed"));
    table.add(List.of("audit proofs", r.auditProofs() + " received and checked by the auditor"));
    table.add(List.of("terminated", r.terminated() + " deals"));
    table.add(List.of("tokens paid", r.tokensPaid()));
    table.add(List.of("slashed", r.tokensSlashed()));
    table.add(List.of("refunded", r.tokensRefunded()));
    table.add(List.of("burned", r.tokensBurned()));
    Out.table(out, table);
    out.println();
    List<List<String>> gas = new ArrayList<>();
    gas.add(List.of("OPERATION", "TRANSACTIONS", "MEDIAN GAS"));
    r.gas()
        .forEach(
            (operation, g) ->
                gas.add(
                    List.of(
                        operation, Integer.toString(g.transactions()), Long.toString(g.median()))));
    Out.table(out, gas);
    out.println();
    List<List<String>> seconds = new ArrayList<>();
    seconds.add(List.of("PHASE", "SECONDS"));
    r.seconds()
        .forEach(
            (phase, s) ->
                seconds.add(List.of(phase, String.format(java.util.Locale.ROOT, "%.1f", s))));
    Out.table(out, seconds);
    r.problems().forEach(p -> out.println("✗ " + p));
    out.println();
    out.println(r.ok() ? "✓ all went as it should" : "✗ something did not go as it should");
  }

  private static void delete(Path place) throws IOException {
    try (Stream<Path> paths = Files.walk(place)) {
      for (Path path : paths.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
