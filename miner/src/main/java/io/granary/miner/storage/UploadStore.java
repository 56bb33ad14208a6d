package io.granary.miner.storage;

import io.granary.protocol.values.DealId;

/** How far uploads have come. Every method throws {@link StorageException} when the store fails. */
public interface UploadStore {
  /** Bytes of the piece that are durable; 0 when none are. */
  long offset(DealId id);

  /** Notes that so many bytes are durable; durable itself when it returns. */
  void advance(DealId id, long offset);

  /** Forgets an upload. */
  void remove(DealId id);
}
