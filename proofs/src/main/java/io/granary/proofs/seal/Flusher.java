package io.granary.proofs.seal;

import io.granary.proofs.disk.BulkFile;
import java.io.IOException;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Makes a growing file durable while it is written, on a thread of its own: the disk then works
 * beside the hashing, and the sync at the end has little left to do.
 */
final class Flusher implements AutoCloseable {
  private static final long FLUSH_BYTES = 64L << 20;

  private final BulkFile file;
  private final Semaphore due = new Semaphore(0);
  private final Thread thread;
  private long written;
  private volatile boolean ending;
  private volatile @Nullable IOException failure;

  Flusher(BulkFile file) {
    this.file = file;
    this.thread = Thread.ofPlatform().daemon().name("flusher").start(this::run);
  }

  private void run() {
    while (true) {
      due.acquireUninterruptibly();
      if (ending) {
        return;
      }
      due.drainPermits();
      try {
        file.force(false);
      } catch (IOException e) {
        failure = e;
        return;
      }
    }
  }

  /** Says that so many more bytes were written. */
  synchronized void wrote(long bytes) {
    written += bytes;
    if (written >= FLUSH_BYTES) {
      written = 0;
      due.release();
    }
  }

  /** Ends the thread and makes everything durable. */
  void finish() throws IOException {
    close();
    IOException failed = failure;
    if (failed != null) {
      throw failed;
    }
    file.force(true);
  }

  @Override
  public void close() {
    ending = true;
    due.release();
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
