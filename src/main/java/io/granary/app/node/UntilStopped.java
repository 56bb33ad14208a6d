package io.granary.app.node;

import java.util.concurrent.CompletableFuture;

/** Runs a daemon until the process is told to stop. */
public final class UntilStopped {
  private UntilStopped() {}

  /** Blocks; on SIGTERM or SIGINT closes the daemon before the process ends. */
  public static void run(AutoCloseable daemon) {
    run(daemon, new CompletableFuture<>());
  }

  /**
   * The same for a daemon that can end by itself.
   *
   * @param ended returns then; the daemon is closed when the process ends, as after a signal
   */
  public static void run(AutoCloseable daemon, CompletableFuture<?> ended) {
    CompletableFuture<?> stopped = new CompletableFuture<>();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  try {
                    daemon.close();
                  } catch (Exception e) {
                    org.slf4j.LoggerFactory.getLogger(UntilStopped.class)
                        .error("closing failed", e);
                  } finally {
                    stopped.complete(null);
                  }
                },
                "shutdown"));
    CompletableFuture.anyOf(stopped, ended).join();
  }
}
