package io.granary.proofs.seal;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Makes finished ranges durable while the next are sealed, on a thread of its own: the disk then
 * works beside the hashing, and the sync at the end has little left to do. A failed sync is
 * remembered, because the kernel reports it only once.
 */
final class Flusher implements AutoCloseable {
  /** Makes a range durable and notes it. */
  @FunctionalInterface
  interface Sink {
    void accept(SealedRange range) throws IOException;
  }

  private static final long LOOK_MILLIS = 100;

  private final Sink sink;
  private final SynchronousQueue<SealedRange> finished = new SynchronousQueue<>();
  private final Thread thread;
  private volatile boolean ending;
  private volatile @Nullable Exception failure;

  Flusher(Sink sink) {
    this.sink = sink;
    this.thread = Thread.ofPlatform().daemon().name("flusher").start(this::run);
  }

  private void run() {
    try {
      while (!ending) {
        SealedRange range = finished.poll(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        if (range != null) {
          sink.accept(range);
        }
      }
    } catch (IOException | RuntimeException | InterruptedException e) {
      failure = e;
    }
  }

  /**
   * Hands over a finished range; waits while the one before is not durable, so that no more than
   * two are ever to do again.
   *
   * @throws IOException when an earlier range could not be made durable
   */
  void flush(SealedRange range) throws IOException {
    try {
      boolean taken = false;
      while (!taken) {
        throwFailure();
        taken = finished.offer(range, LOOK_MILLIS, TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("sealing was interrupted");
    }
  }

  private void throwFailure() throws IOException {
    Exception failed = failure;
    if (failed != null) {
      throw new IOException(failed.getMessage(), failed);
    }
  }

  /** Ends the thread, after the range it is at. */
  void finish() throws IOException {
    close();
    throwFailure();
  }

  @Override
  public void close() {
    ending = true;
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
