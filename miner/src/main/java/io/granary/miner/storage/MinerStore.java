package io.granary.miner.storage;

/** The repositories of one miner, which no other process can open at the same time. */
public interface MinerStore extends AutoCloseable {
  /** Deals. */
  DealStore deals();

  /** Uploads. */
  UploadStore uploads();

  /** Period proofs. */
  ProofStore proofs();

  @Override
  void close();
}
