package io.granary.miner.model;

import java.util.Collection;

/**
 * How much of the promised capacity is taken, counted from the stored deals alone, so that a
 * restart counts the same.
 *
 * @param capacityBytes what the operator promised
 * @param usedBytes replicas and trees of sealed deals
 * @param reservedBytes the most that deals in the making will take
 */
public record Room(long capacityBytes, long usedBytes, long reservedBytes) {
  /** Counts the deals. */
  public static Room count(long capacityBytes, Collection<StoredDeal> deals) {
    long used = 0;
    long reserved = 0;
    for (StoredDeal deal : deals) {
      if (deal.dataDeleted()) {
        continue;
      }
      if (deal.hasReplica() || deal.isOver()) {
        used = Math.addExact(used, Footprint.sealedBytes(deal.terms().size()));
      } else {
        reserved = Math.addExact(reserved, Footprint.peakBytes(deal.terms().size()));
      }
    }
    return new Room(capacityBytes, used, reserved);
  }

  /** What can still be promised; zero when the capacity was lowered below what is taken. */
  public long freeBytes() {
    return Math.max(0, capacityBytes - usedBytes - reservedBytes);
  }
}
