package io.granary.miner.model;

import io.granary.proofs.Hash32;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.time.Instant;

/**
 * A deal as this miner keeps it. The chain knows better where a published deal stands; this is what
 * the miner itself must remember.
 *
 * @param id its id
 * @param signed the terms with the client's signature
 * @param stage where it stands here; {@link DealStage#SEALING} is never stored, a crash then seals
 *     again
 * @param reason why it ended or failed, else empty
 * @param sealedRoot root of the replica, 32 zero bytes before it is sealed
 * @param dataDeleted true once nothing of it is on disk any more
 * @param acceptedAt when it was accepted, whole milliseconds
 * @param end first period no longer covered, as the chain said last: an extension or a notice moves
 *     it (Protocol §3.6, §3.7); 0 before activation
 */
public record StoredDeal(
    DealId id,
    SignedProposal signed,
    DealStage stage,
    String reason,
    Hash32 sealedRoot,
    boolean dataDeleted,
    Instant acceptedAt,
    Period end) {

  /** A proposal that was just accepted. */
  public static StoredDeal accepted(DealId id, SignedProposal signed, Instant now) {
    return new StoredDeal(
        id,
        signed,
        DealStage.ACCEPTED,
        "",
        Hash32.ZERO,
        false,
        Instant.ofEpochMilli(now.toEpochMilli()),
        new Period(0));
  }

  /** The terms. */
  public DealProposal terms() {
    return signed.proposal();
  }

  /** True when nothing is to be done for it but deleting its data. */
  public boolean isOver() {
    return stage == DealStage.ENDED || stage == DealStage.FAILED;
  }

  /** True when a replica that was durable once belongs to it. */
  public boolean hasReplica() {
    return stage == DealStage.SEALED || stage == DealStage.PUBLISHED || stage == DealStage.ACTIVE;
  }

  /** True until the deal is on chain: the time in which its money is not locked yet. */
  public boolean isPending() {
    return stage.compareTo(DealStage.PUBLISHED) < 0;
  }

  /** The same at another stage. */
  public StoredDeal at(DealStage next) {
    return new StoredDeal(id, signed, next, reason, sealedRoot, dataDeleted, acceptedAt, end);
  }

  /** The same, over for a reason. */
  public StoredDeal over(DealStage next, String why) {
    return new StoredDeal(id, signed, next, why, sealedRoot, dataDeleted, acceptedAt, end);
  }

  /** The same, sealed. */
  public StoredDeal sealed(Hash32 root) {
    return new StoredDeal(id, signed, DealStage.SEALED, reason, root, dataDeleted, acceptedAt, end);
  }

  /** The same with its data gone. */
  public StoredDeal withoutData() {
    return new StoredDeal(id, signed, stage, reason, sealedRoot, true, acceptedAt, end);
  }

  /** The same with the end that the chain says. */
  public StoredDeal endingAt(Period newEnd) {
    return new StoredDeal(id, signed, stage, reason, sealedRoot, dataDeleted, acceptedAt, newEnd);
  }
}
