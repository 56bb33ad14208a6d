package io.granary.kill;

import io.granary.app.Main;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** {@code granary miner run} as a process of its own, which can be killed and started again. */
final class MinerProcess implements AutoCloseable {
  private final Path home;
  private final Path log;
  private final Consumer<String> lines;
  private @Nullable Process process;
  private volatile boolean up;

  /**
   * A miner's folder; nothing runs yet.
   *
   * @param log where all its incarnations' lines go
   * @param lines told each line, on a thread of its own
   */
  MinerProcess(Path home, Path log, Consumer<String> lines) {
    this.home = home;
    this.log = log;
    this.lines = lines;
  }

  /** Starts it; it is up some time later. */
  synchronized void start(URI rpc, Path password) throws IOException {
    up = false;
    ProcessBuilder builder =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElse("java"),
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "miner",
                "run",
                "--miner-home",
                home.toString(),
                "--password-file",
                password.toString(),
                "--rpc",
                rpc.toString())
            .redirectErrorStream(true);
    builder.environment().put("GRANARY_LOG_LEVEL", "INFO");
    Process started = builder.start();
    process = started;
    Thread.ofPlatform().daemon().name("miner-log").start(() -> follow(started));
  }

  private void follow(Process of) {
    try (BufferedReader reader = of.inputReader(StandardCharsets.UTF_8)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        Files.writeString(log, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        if (line.contains("event=\"started\"")) {
          up = true;
        }
        lines.accept(line);
      }
    } catch (IOException ended) {
      lines.accept("the log of the process ended: " + ended.getMessage());
    }
  }

  /** Whether it takes calls. */
  boolean isUp() {
    return up && isAlive();
  }

  synchronized boolean isAlive() {
    return process != null && process.isAlive();
  }

  /** SIGKILL: it does not get to say anything. */
  synchronized void kill() {
    Process running = process;
    if (running != null) {
      running.destroyForcibly();
      try {
        running.waitFor(30, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    up = false;
  }

  /** Its number. */
  synchronized long pid() {
    return java.util.Objects.requireNonNull(process).pid();
  }

  /** The end of the log, for a failure's message. */
  String tail() throws IOException {
    List<String> all = Files.exists(log) ? Files.readAllLines(log) : List.of();
    return String.join("\n", all.subList(Math.max(0, all.size() - 40), all.size()));
  }

  @Override
  public void close() {
    kill();
  }
}
