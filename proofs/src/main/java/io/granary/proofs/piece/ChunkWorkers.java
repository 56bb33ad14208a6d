package io.granary.proofs.piece;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/** Works on the {@link Chunks} of a piece with several threads; each chunk goes to one of them. */
public final class ChunkWorkers {
  /** What one thread does with the chunks it gets; it has the thread's buffers. */
  @FunctionalInterface
  public interface Worker {
    /**
     * Works on a chunk.
     *
     * @param chunk its number, from 0
     * @throws IOException when reading or writing fails: no further chunk is begun
     */
    void accept(long chunk) throws IOException;
  }

  private ChunkWorkers() {}

  /** How many chunks a piece has. */
  public static long chunksOf(RawSize size) {
    return (size.bytes() + Chunks.RAW - 1) / Chunks.RAW;
  }

  /**
   * Runs until all chunks are done, or the first failure has stopped the other threads too.
   *
   * @param threads at least 1; no more are started than there are chunks
   * @param worker makes each thread's own worker
   * @throws IOException the first failure, or that this thread was interrupted
   */
  public static void run(int threads, long chunks, Supplier<Worker> worker) throws IOException {
    if (threads < 1) {
      throw new IllegalArgumentException("at least one thread is needed, not " + threads);
    }
    AtomicLong next = new AtomicLong();
    try (ExecutorService executor = Executors.newFixedThreadPool((int) Math.min(threads, chunks))) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < Math.min(threads, chunks); i++) {
        running.add(
            executor.submit(
                () -> {
                  drain(next, chunks, worker.get());
                  return true;
                }));
      }
      await(executor, running);
    }
  }

  private static void drain(AtomicLong next, long chunks, Worker worker) throws IOException {
    boolean done = false;
    try {
      for (long c = next.getAndIncrement(); c < chunks; c = next.getAndIncrement()) {
        worker.accept(c);
      }
      done = true;
    } finally {
      if (!done) {
        next.set(chunks); // the others stop after the chunk they are at
      }
    }
  }

  private static void await(ExecutorService executor, List<Future<?>> running) throws IOException {
    try {
      for (Future<?> future : running) {
        future.get();
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      if (e.getCause() instanceof RuntimeException broken) {
        throw broken;
      }
      throw new IllegalStateException("work on a piece failed", e.getCause());
    } catch (InterruptedException e) {
      executor.shutdownNow();
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("work on a piece was interrupted");
    }
  }
}
