package io.granary.app.demo;

import io.granary.app.Main;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Child processes of this same program; none outlives it unless it is told to. */
final class Children implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofMinutes(3);

  private final List<Process> processes = new ArrayList<>();
  private boolean kept;

  Children() {
    Runtime.getRuntime().addShutdownHook(new Thread(this::close, "stop-children"));
  }

  /** Starts {@code granary ARGS…}; what it prints goes to a log file. */
  synchronized Process start(Path log, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    if (List.of(arguments).containsAll(List.of("miner", "run"))) {
      command.add("--add-modules=jdk.incubator.vector"); // as the launcher does
    }
    command.addAll(
        List.of(
            "-Xmx512m",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName()));
    command.addAll(List.of(arguments));
    Files.createDirectories(log.getParent());
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().put("GRANARY_LOG_LEVEL", "INFO");
    Process process = builder.start();
    processes.add(process);
    return process;
  }

  /** Waits until a file says that the process is up. */
  static void awaitFile(Process process, Path file, Path log)
      throws IOException, InterruptedException {
    Instant limit = Instant.now().plus(START_LIMIT);
    while (!Files.exists(file)) {
      if (!process.isAlive()) {
        throw new IOException("a process ended at its start; its log is " + log + ": " + tail(log));
      }
      if (Instant.now().isAfter(limit)) {
        throw new IOException(
            "a process was not up after " + START_LIMIT.toSeconds() + " s; its log is " + log);
      }
      Thread.sleep(100);
    }
  }

  private static String tail(Path log) throws IOException {
    List<String> lines = Files.readAllLines(log);
    return lines.isEmpty() ? "" : lines.getLast();
  }

  /** Leaves the processes running when this program ends. */
  synchronized void keep() {
    kept = true;
  }

  /** Ids of the running processes. */
  synchronized List<Long> pids() {
    return processes.stream().filter(Process::isAlive).map(Process::pid).toList();
  }

  @Override
  public synchronized void close() {
    if (kept) {
      return;
    }
    processes.forEach(Process::destroy);
    for (Process process : processes) {
      try {
        if (!process.waitFor(15, java.util.concurrent.TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
      } catch (InterruptedException e) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
    processes.clear();
  }
}
