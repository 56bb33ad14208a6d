package io.granary.miner;

/** Things that are stopped together. */
public final class Parts {
  private Parts() {}

  /**
   * Closes all of them, in order; what one of them throws is added to a failure and stops no other.
   */
  public static void close(Iterable<? extends AutoCloseable> parts, Exception failure) {
    for (AutoCloseable part : parts) {
      try {
        part.close();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        failure.addSuppressed(e);
      } catch (Exception e) {
        failure.addSuppressed(e);
      }
    }
  }

  /**
   * Closes all of them.
   *
   * @throws IllegalStateException with what they threw, when any did
   */
  public static void close(Iterable<? extends AutoCloseable> parts) {
    IllegalStateException failed = new IllegalStateException("a part of the node does not stop");
    close(parts, failed);
    if (failed.getSuppressed().length > 0) {
      throw failed;
    }
  }
}
