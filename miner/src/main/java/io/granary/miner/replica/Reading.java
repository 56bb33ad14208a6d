package io.granary.miner.replica;

/**
 * What reading a replica gave.
 *
 * @param <T> what was to be read
 */
public sealed interface Reading<T> {
  /** Read, and checked against the deal's roots. */
  record Good<T>(T value) implements Reading<T> {}

  /**
   * The files are missing, unreadable, or do not lead to the deal's roots.
   *
   * @param leaf the leaf at which that showed
   * @param reason what is wrong
   */
  record Damaged<T>(long leaf, String reason) implements Reading<T> {}
}
