package io.granary.auditor.storage;

import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.util.List;
import java.util.Optional;

/** What an auditor keeps. What is written is durable when the method returns. */
public interface AuditStore extends AutoCloseable {
  /** Remembers a deal, and that events up to a block were seen. */
  void watch(List<WatchedDeal> deals, BlockNumber seenUpTo);

  /** Forgets that events from a block on were seen. */
  void rewind(BlockNumber next);

  /** First block whose events were not seen; empty at the beginning. */
  Optional<BlockNumber> nextBlock();

  /** A watched deal. */
  Optional<WatchedDeal> deal(DealId id);

  /** All watched deals. */
  List<WatchedDeal> deals();

  /** Keeps a good proof with its record. */
  void keep(SignedPeriodProof proof, AuditRecord record);

  /** Keeps a record without a proof. */
  void note(DealId id, AuditRecord record);

  /** One record. */
  Optional<AuditRecord> record(DealId id, Period period);

  /** Records of a deal from a period on, oldest first. */
  List<AuditRecord> records(DealId id, Period from, int limit);

  @Override
  void close();
}
