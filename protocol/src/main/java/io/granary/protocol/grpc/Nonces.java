package io.granary.protocol.grpc;

import java.util.HashSet;
import java.util.Set;
import java.util.TreeMap;

/**
 * Nonces that were used and whose tokens have not expired yet (Protocol §8.3). Grouped by expiry,
 * so that forgetting costs nothing and memory stays bounded. Safe for several threads.
 */
final class Nonces {
  /** What became of a nonce. */
  enum Use {
    /** It was new, and is remembered. */
    FIRST,
    /** It was used before. */
    AGAIN,
    /** Its token had expired, and was forgotten, before the clock went back. */
    LATE,
    /** There is no room to remember it, so it must not be accepted. */
    FULL
  }

  private final int capacity;
  private final TreeMap<Long, Set<Object>> byExpiry = new TreeMap<>();
  private int size;
  private long forgottenUpTo = Long.MIN_VALUE;

  Nonces(int capacity) {
    this.capacity = capacity;
  }

  /**
   * Uses a nonce up.
   *
   * @param nonce caller and nonce, a value
   * @param expiresAt Unix seconds of its token, after {@code now}; part of what the token signs
   * @param now Unix seconds
   */
  synchronized Use use(Object nonce, long expiresAt, long now) {
    forgottenUpTo = Math.max(forgottenUpTo, now);
    while (!byExpiry.isEmpty() && byExpiry.firstKey() <= now) {
      size -= byExpiry.pollFirstEntry().getValue().size();
    }
    if (expiresAt <= forgottenUpTo) {
      return Use.LATE;
    }
    for (Set<Object> used : byExpiry.values()) {
      if (used.contains(nonce)) {
        return Use.AGAIN;
      }
    }
    if (size >= capacity) {
      return Use.FULL;
    }
    byExpiry.computeIfAbsent(expiresAt, e -> new HashSet<>()).add(nonce);
    size++;
    return Use.FIRST;
  }

  synchronized int size() {
    return size;
  }
}
