package io.granary.auditor;

import io.granary.auditor.storage.AuditRecord;
import io.granary.auditor.storage.AuditStore;
import io.granary.auditor.storage.WatchedDeal;
import io.granary.proofs.Hash32;
import io.granary.proofs.challenge.Positions;
import io.granary.proofs.opening.DualVerifier;
import io.granary.protocol.chain.MarketReader;
import io.granary.protocol.chain.MinerDirectory;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.Signatures;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.PeriodProof;
import io.granary.protocol.deal.Refusal;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.values.Address;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Checks pushed or pulled proofs against the chain and keeps the good ones (Protocol §6). Safe for
 * several threads.
 */
public final class ProofCheck {
  private final MarketReader reader;
  private final MinerDirectory directory;
  private final AuditStore store;
  private final Clock clock;

  /** Over a chain and a store. */
  public ProofCheck(MarketReader reader, MinerDirectory directory, AuditStore store, Clock clock) {
    this.reader = reader;
    this.directory = directory;
    this.store = store;
    this.clock = clock;
  }

  /** What became of a proof. */
  public sealed interface Outcome {
    /** Kept; {@code known} when it was there before. */
    record Accepted(boolean known) implements Outcome {}

    /** Not kept, and why. */
    record Refused(Refusal refusal) implements Outcome {}
  }

  private static Outcome refuse(String code, String message, Object actual, Object acceptable) {
    return new Outcome.Refused(
        new Refusal(code, message, String.valueOf(actual), String.valueOf(acceptable)));
  }

  /**
   * Checks one proof.
   *
   * @param caller who sent it; empty when this auditor pulled it
   */
  public Outcome check(SignedPeriodProof signed, Optional<Address> caller) {
    PeriodProof proof = signed.proof();
    Optional<WatchedDeal> watched = store.deal(proof.dealId());
    if (watched.isEmpty()) {
      return refuse(
          "UNKNOWN_DEAL",
          "this auditor watches no deal of that id (yet): try again once its publication is confirmed",
          proof.dealId(),
          "");
    }
    WatchedDeal deal = watched.get();
    Optional<Address> operator = directory.miner(deal.terms().miner()).map(MinerRecord::operator);
    if (operator.isEmpty() || caller.filter(c -> !c.equals(operator.get())).isPresent()) {
      return refuse(
          "NOT_OPERATOR",
          "only the operator of the deal's miner may push its proofs",
          caller.map(Address::toString).orElse(""),
          operator.map(Address::toString).orElse("none"));
    }
    if (Signatures.recover(Eip712.periodProof(reader.terms().domain(), proof), signed.signature())
        .filter(operator.get()::equals)
        .isEmpty()) {
      return refuse(
          "BAD_SIGNATURE", "the proof is not signed by the miner's operator", "", operator.get());
    }
    DealSnapshot chain = reader.deal(deal.id()).orElse(null);
    if (chain == null
        || proof.period().compareTo(chain.start()) < 0
        || proof.period().compareTo(chain.end()) >= 0) {
      return refuse(
          "NOT_IN_DEAL",
          "the period is not one of the deal's",
          proof.period(),
          chain == null ? "" : chain.start() + " to " + chain.end());
    }
    Optional<Hash32> seed = reader.periodSeed(deal.terms().miner(), proof.period());
    if (seed.isEmpty() || !seed.get().equals(proof.seed())) {
      return refuse(
          "WRONG_SEED",
          "the seed is not the chain's for that period: derive it again",
          proof.seed(),
          seed.map(Hash32::toHex).orElse("not yet known"));
    }
    return verify(signed, deal);
  }

  private Outcome verify(SignedPeriodProof signed, WatchedDeal deal) {
    PeriodProof proof = signed.proof();
    long leaves = deal.terms().size().leafCount();
    List<Long> positions = Positions.audit(proof.seed(), deal.id().hash(), leaves);
    DualVerifier verifier =
        new DualVerifier(
            deal.id().hash(),
            deal.terms().sealProfile(),
            deal.terms().pieceRoot(),
            deal.sealedRoot(),
            leaves);
    Optional<AuditRecord> before = store.record(deal.id(), proof.period());
    boolean known = before.filter(r -> r.verdict() == AuditRecord.Verdict.OK).isPresent();
    return switch (verifier.verify(positions, proof.openings())) {
      case DualVerifier.Verdict.Ok ok -> {
        if (!known) {
          store.keep(signed, new AuditRecord(proof.period(), AuditRecord.Verdict.OK, "", now()));
        }
        yield new Outcome.Accepted(known);
      }
      case DualVerifier.Verdict.Wrong wrong -> {
        if (!known) {
          store.note(
              deal.id(),
              new AuditRecord(proof.period(), AuditRecord.Verdict.WRONG, wrong.reason(), now()));
        }
        yield refuse(
            "WRONG_OPENING",
            "opening " + wrong.opening() + ": " + wrong.reason(),
            "",
            "openings of leaves " + positions);
      }
    };
  }

  private Instant now() {
    return Instant.ofEpochSecond(clock.instant().getEpochSecond());
  }
}
