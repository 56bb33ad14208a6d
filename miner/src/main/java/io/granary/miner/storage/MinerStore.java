package io.granary.miner.storage;

import io.granary.protocol.chain.TransactionJournal;
import java.nio.file.Path;

/** The repositories of one miner, which no other process can open at the same time. */
public interface MinerStore extends AutoCloseable {
  /** Deals. */
  DealStore deals();

  /** Uploads. */
  UploadStore uploads();

  /** Period proofs. */
  ProofStore proofs();

  /** What the operator's key has begun to send. */
  TransactionJournal transactions();

  /**
   * Copies the store as it is at one moment, while it is used.
   *
   * @param directory made by this; must not exist
   * @throws StorageException when it exists or cannot be written
   */
  void copyTo(Path directory);

  @Override
  void close();
}
