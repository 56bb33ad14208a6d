package io.granary.auditor;

import io.granary.auditor.storage.AuditRecord;
import io.granary.auditor.storage.AuditStore;
import io.granary.auditor.storage.WatchedDeal;
import io.granary.proofs.Hash32;
import io.granary.proofs.LeafIndex;
import io.granary.proofs.challenge.Positions;
import io.granary.proofs.opening.DualOpening;
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
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Checks pushed or pulled proofs against the chain and keeps the good ones (Protocol §6). Safe for
 * several threads.
 */
public final class ProofCheck {
  private final MarketReader reader;
  private final MinerDirectory directory;
  private final AuditStore store;
  private final Clock clock;
  private final Consumer<DisputeEvidence> wrongSeals;

  /**
   * Over a chain and a store.
   *
   * @param wrongSeals told of leaves that open to both roots and are sealed wrong
   */
  public ProofCheck(
      MarketReader reader,
      MinerDirectory directory,
      AuditStore store,
      Clock clock,
      Consumer<DisputeEvidence> wrongSeals) {
    this.reader = reader;
    this.directory = directory;
    this.store = store;
    this.clock = clock;
    this.wrongSeals = wrongSeals;
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
    return check(signed, caller, new Seen());
  }

  /** Checks proofs that came together, and asks the chain once for what they share. */
  public List<Outcome> check(List<SignedPeriodProof> signed, Optional<Address> caller) {
    Seen seen = new Seen();
    return signed.stream().map(s -> check(s, caller, seen)).toList();
  }

  /** What the chain said while one batch is checked. */
  private final class Seen {
    private final Map<Address, Optional<Address>> operators = new HashMap<>();
    private final Map<DealId, Optional<DealSnapshot>> deals = new HashMap<>();
    private final Map<MinerPeriod, Optional<Hash32>> seeds = new HashMap<>();

    Optional<Address> operator(Address miner) {
      return operators.computeIfAbsent(miner, m -> directory.miner(m).map(MinerRecord::operator));
    }

    Optional<DealSnapshot> deal(DealId id) {
      return deals.computeIfAbsent(id, reader::deal);
    }

    Optional<Hash32> seed(Address miner, Period period) {
      return seeds.computeIfAbsent(
          new MinerPeriod(miner, period), k -> reader.periodSeed(k.miner(), k.period()));
    }
  }

  private record MinerPeriod(Address miner, Period period) {}

  private Outcome check(SignedPeriodProof signed, Optional<Address> caller, Seen seen) {
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
    Optional<Address> operator = seen.operator(deal.terms().miner());
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
    DealSnapshot chain = seen.deal(deal.id()).orElse(null);
    if (chain == null
        || proof.period().compareTo(chain.start()) < 0
        || proof.period().compareTo(chain.end()) >= 0) {
      return refuse(
          "NOT_IN_DEAL",
          "the period is not one of the deal's",
          proof.period(),
          chain == null ? "" : chain.start() + " to " + chain.end());
    }
    Optional<Hash32> seed = seen.seed(deal.terms().miner(), proof.period());
    if (seed.isEmpty()) {
      return refuse(
          "SEED_PENDING",
          "this auditor's endpoint does not know the period's challenge block yet: send it again later",
          proof.period(),
          "");
    }
    if (!seed.get().equals(proof.seed())) {
      return refuse(
          "WRONG_SEED",
          "the seed is not the chain's for that period: derive it again",
          proof.seed(),
          seed.get().toHex());
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
        wrongSeal(deal, verifier, proof.openings(), wrong.opening()).ifPresent(wrongSeals);
        yield refuse(
            "WRONG_OPENING",
            "opening " + wrong.opening() + ": " + wrong.reason(),
            "",
            "openings of leaves " + positions);
      }
    };
  }

  /** Empty when the opening does not lead to both roots: that convicts nobody. */
  private static Optional<DisputeEvidence> wrongSeal(
      WatchedDeal deal, DualVerifier verifier, List<DualOpening> openings, int at) {
    if (at >= openings.size()) {
      return Optional.empty();
    }
    DualOpening o = openings.get(at);
    boolean leads =
        o.piece().opens(verifier.pieceRoot(), o.leaf(), verifier.leafCount())
            && o.sealed().opens(verifier.sealedRoot(), o.leaf(), verifier.leafCount());
    boolean sealed =
        verifier.verify(List.of(o.leaf()), List.of(o)) instanceof DualVerifier.Verdict.Ok;
    return leads && !sealed
        ? Optional.of(
            new DisputeEvidence(deal.id(), new LeafIndex(o.leaf()), DualOpening.pack(List.of(o))))
        : Optional.empty();
  }

  private Instant now() {
    return Instant.ofEpochSecond(clock.instant().getEpochSecond());
  }
}
