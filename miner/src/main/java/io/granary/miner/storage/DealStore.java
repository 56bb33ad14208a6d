package io.granary.miner.storage;

import io.granary.miner.model.StoredDeal;
import io.granary.protocol.values.DealId;
import java.util.List;

/** Deals on disk. Every method throws {@link StorageException} when the store fails. */
public interface DealStore {
  /** All deals, in the order of their ids. */
  List<StoredDeal> all();

  /** Adds or replaces; durable when it returns. */
  void put(StoredDeal deal);

  /** Forgets one; nothing happens when there is none. */
  void remove(DealId id);
}
