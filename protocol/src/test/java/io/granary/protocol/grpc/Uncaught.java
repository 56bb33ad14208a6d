package io.granary.protocol.grpc;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Collects exceptions that nobody caught: those that gRPC logs, and those that end threads. */
public final class Uncaught implements AutoCloseable {
  // Held here, because loggers that nobody holds are forgotten with their handlers.
  private final Logger logger = Logger.getLogger("io.grpc");
  private final @Nullable Level level = logger.getLevel();
  private final Thread.@Nullable UncaughtExceptionHandler before =
      Thread.getDefaultUncaughtExceptionHandler();
  private final List<String> seen = new CopyOnWriteArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord event) {
          // That a message is too large is gRPC's own to answer, and it says so in its log.
          boolean tooLarge =
              event.getThrown() instanceof StatusRuntimeException e
                  && e.getStatus().getCode() == Status.Code.RESOURCE_EXHAUSTED;
          if (event.getLevel().intValue() >= Level.WARNING.intValue() && !tooLarge) {
            seen.add(event.getLoggerName() + ": " + event.getMessage() + " " + event.getThrown());
          }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  /** From now on. */
  public Uncaught() {
    logger.setLevel(Level.WARNING);
    logger.addHandler(handler);
    Thread.setDefaultUncaughtExceptionHandler((thread, e) -> seen.add(thread.getName() + ": " + e));
  }

  /** What came, printed. */
  public List<String> seen() {
    return List.copyOf(seen);
  }

  @Override
  public void close() {
    logger.removeHandler(handler);
    logger.setLevel(level);
    Thread.setDefaultUncaughtExceptionHandler(before);
  }
}
