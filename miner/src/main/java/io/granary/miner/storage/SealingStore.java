package io.granary.miner.storage;

import io.granary.proofs.seal.SealedRange;
import io.granary.protocol.values.DealId;
import java.util.List;
import java.util.Set;

/**
 * What of unfinished replicas is durable. Every method throws {@link StorageException} when the
 * store fails; what is written is durable when it returns.
 */
public interface SealingStore {
  /** The ranges of a deal's replica, in their order. */
  List<SealedRange> ranges(DealId id);

  /** Notes a range, in place of one of the same index. */
  void add(DealId id, SealedRange range);

  /** Forgets the ranges of a deal's replica. */
  void remove(DealId id);

  /** The deals of which ranges are noted. */
  Set<DealId> deals();
}
