package io.granary.miner.storage;

import io.granary.protocol.chain.TransactionJournal;

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

  /** What the operator's key has begun to send. */
  TransactionJournal transactions();

  @Override
  void close();
}
