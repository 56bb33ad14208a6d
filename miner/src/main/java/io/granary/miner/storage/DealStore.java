package io.granary.miner.storage;

import io.granary.miner.model.StoredDeal;
import java.util.List;

/** Deals on disk. Every method throws {@link StorageException} when the store fails. */
public interface DealStore {
  /** All deals ever accepted, in the order of their ids. */
  List<StoredDeal> all();

  /** Adds or replaces; durable when it returns. */
  void put(StoredDeal deal);
}
