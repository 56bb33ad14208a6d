package io.granary.app.node;

import java.util.concurrent.CountDownLatch;

/** Runs a daemon until the process is told to stop. */
public final class UntilStopped {
  private UntilStopped() {}

  /** Blocks; on SIGTERM or SIGINT closes the daemon before the process ends. */
  public static void run(AutoCloseable daemon) throws InterruptedException {
    CountDownLatch stopped = new CountDownLatch(1);
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
                    stopped.countDown();
                  }
                },
                "shutdown"));
    stopped.await();
  }
}
