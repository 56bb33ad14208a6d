package io.granary.miner.storage;

import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.values.Address;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The repositories of one miner, which no other process can open at the same time. */
public interface MinerStore extends AutoCloseable {
  /** Deals. */
  DealStore deals();

  /** Uploads. */
  UploadStore uploads();

  /** Sealings that are under way. */
  SealingStore sealings();

  /** Period proofs. */
  ProofStore proofs();

  /**
   * What an operator's key has begun to send. A journal is of one key: another one's nonces would
   * be taken for gaps.
   */
  TransactionJournal transactions(Address sender);

  /** What was changed in the layout when it was opened, in words; empty mostly. */
  List<String> migrated();

  /** Where the store lies as it was before that; empty when nothing was changed. */
  Optional<Path> kept();

  /**
   * Copies everything as of one moment, while others go on writing.
   *
   * @param directory made by this; must not exist
   * @throws StorageException when the copy cannot be written
   */
  void checkpoint(Path directory);

  @Override
  void close();
}
