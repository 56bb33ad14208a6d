package io.granary.auditor.replay;

import io.granary.proofs.Hash32;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.opening.DualVerifier;
import io.granary.proofs.tree.TreeShape;
import io.granary.protocol.chain.MarketCall;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

/** Demands, disputes and the ether of bonds as Protocol §6 says they work; see MarketModel. */
final class DemandModel {
  private static final BigInteger LEAST_BASE_FEE = BigInteger.valueOf(1_000_000_000L);

  /** A side of a deal. */
  record Slot(DealId deal, boolean byAuditor) {}

  /** What waits in it. */
  record Open(long leaf, BigInteger bond, long deadline) {}

  private final MarketTerms terms;
  private final Function<TxHash, List<MarketCall>> calls;
  final Map<Slot, Open> open = new LinkedHashMap<>();
  final Map<Address, BigInteger> ether = new HashMap<>();
  private final Map<Address, Long> lastDeadlines = new HashMap<>();
  long openings;
  long unseen;

  DemandModel(MarketTerms terms, Function<TxHash, List<MarketCall>> calls) {
    this.terms = terms;
    this.calls = calls;
  }

  private static void require(MarketEvent event, String what, Object expected, Object actual) {
    if (!expected.equals(actual)) {
      throw Finding.at(event, what, expected, actual);
    }
  }

  private static String name(ModelDeal d, boolean byAuditor) {
    return "demand of the " + (byAuditor ? "auditor" : "client") + " on " + d.id;
  }

  /** Whether a demand holds the deal's collateral. */
  boolean holds(ModelDeal d) {
    return open.containsKey(new Slot(d.id, false)) || open.containsKey(new Slot(d.id, true));
  }

  /** Ether that the market owes. */
  BigInteger owed() {
    return Stream.concat(ether.values().stream(), open.values().stream().map(Open::bond))
        .reduce(BigInteger.ZERO, BigInteger::add);
  }

  /**
   * A new demand.
   *
   * @param holdEnd first block in which the collateral is held no more
   * @param atEase its deadline if no other demand were before it
   */
  void raised(MarketEvent.DemandRaised e, ModelDeal d, long holdEnd, long atEase) {
    String name = name(d, e.byAuditor());
    long block = e.at().block().value();
    require(e, "miner of the " + name, d.terms.miner(), e.miner());
    Address demander = e.byAuditor() ? d.terms.auditor() : d.terms.client();
    require(e, "sender of the " + name, demander, e.demander());
    require(e, "side of the " + name, !e.demander().equals(d.terms.client()), e.byAuditor());
    require(e, "leaf of the " + name, true, e.leaf() < d.terms.size().leafCount());
    require(e, "collateral held at the " + name, true, block < holdEnd);
    BigInteger least = LEAST_BASE_FEE.multiply(BigInteger.valueOf(terms.demandGas()));
    require(e, "least bond of the " + name, true, e.bond().compareTo(least) >= 0);
    long due = Math.max(atEase, lastDeadlines.getOrDefault(e.miner(), 0L) + terms.demandSpacing());
    require(e, "deadline of the " + name, due, e.deadline().value());
    lastDeadlines.put(e.miner(), due);
    Open before =
        open.putIfAbsent(new Slot(d.id, e.byAuditor()), new Open(e.leaf(), e.bond(), due));
    require(e, "open " + name + " before", true, before == null);
  }

  private Open close(MarketEvent e, ModelDeal d, boolean byAuditor, BigInteger bond) {
    Open was = open.remove(new Slot(d.id, byAuditor));
    if (was == null) {
      throw Finding.at(e, name(d, byAuditor), "open", "none");
    }
    require(e, "bond of the " + name(d, byAuditor), was.bond(), bond);
    return was;
  }

  /** An answer; its openings are in the transaction. */
  void answered(MarketEvent.DemandAnswered e, ModelDeal d) {
    Open was = close(e, d, e.byAuditor(), e.bond());
    String name = name(d, e.byAuditor());
    require(
        e, "answer to the " + name + " in time", true, e.at().block().value() <= was.deadline());
    require(e, "miner of the " + name, d.terms.miner(), e.miner());
    List<byte[]> given =
        calls.apply(e.at().tx()).stream()
            .flatMap(c -> c instanceof MarketCall.Answer a ? a.items().stream() : Stream.empty())
            .filter(i -> i.proposal().equals(d.terms) && i.byAuditor() == e.byAuditor())
            .map(MarketCall.Answer.Item::openings)
            .toList();
    if (given.isEmpty()) {
      unseen++;
    } else {
      // A bad item is passed over and a later one taken: one of them must do.
      require(
          e,
          "openings of the answer to the " + name,
          true,
          given.stream().anyMatch(o -> check(d, was.leaf(), o) == Seal.RIGHT));
      openings++;
    }
    ether.merge(e.miner(), e.bond(), BigInteger::add);
  }

  /** Nobody answered, or the deal has ended otherwise. */
  void resolved(MarketEvent.DemandResolved e, ModelDeal d) {
    Open was = close(e, d, e.byAuditor(), e.bond());
    String name = name(d, e.byAuditor());
    Address demander = e.byAuditor() ? d.terms.auditor() : d.terms.client();
    require(e, "demander of the " + name, demander, e.demander());
    if (d.state.isRunning()) {
      require(
          e, "deadline of the " + name + " over", true, e.at().block().value() > was.deadline());
      d.forfeit = ModelDeal.Forfeit.UNANSWERED;
    }
    ether.merge(demander, e.bond(), BigInteger::add);
  }

  /** A wrong leaf; its openings are in the transaction. */
  void disputed(MarketEvent.SealDisputed e, ModelDeal d) {
    String name = "disputed leaf " + e.leaf() + " of " + d.id;
    require(e, name, true, e.leaf() < d.terms.size().leafCount());
    List<byte[]> given =
        calls.apply(e.at().tx()).stream()
            .flatMap(c -> c instanceof MarketCall.Dispute x ? Stream.of(x) : Stream.empty())
            .filter(x -> x.proposal().equals(d.terms) && x.leaf() == e.leaf())
            .map(MarketCall.Dispute::openings)
            .toList();
    if (given.isEmpty()) {
      unseen++;
    } else {
      require(e, name, Seal.WRONG, check(d, e.leaf(), given.getFirst()));
      openings++;
    }
    d.forfeit = ModelDeal.Forfeit.DISPUTED;
  }

  /** What openings of a leaf show. */
  private enum Seal {
    RIGHT,
    WRONG,
    NOTHING
  }

  private static Seal check(ModelDeal d, long leaf, byte[] packed) {
    TreeShape shape = d.terms.size().shape();
    List<DualOpening> opened;
    try {
      opened = DualOpening.unpack(List.of(leaf), shape.leafCount(), packed);
    } catch (IllegalArgumentException wrongLength) {
      return Seal.NOTHING;
    }
    Hash32 pieceRoot = d.terms.pieceRoot();
    DualOpening o = opened.getFirst();
    if (!o.piece().opens(pieceRoot, leaf, shape.leafCount())
        || !o.sealed().opens(d.sealedRoot, leaf, shape.leafCount())) {
      return Seal.NOTHING;
    }
    DualVerifier verifier =
        new DualVerifier(
            d.id.hash(), d.terms.sealProfile(), pieceRoot, d.sealedRoot, shape.leafCount());
    return verifier.verify(List.of(leaf), opened) instanceof DualVerifier.Verdict.Ok
        ? Seal.RIGHT
        : Seal.WRONG;
  }

  /** All of an account's ether leaves at once. */
  void withdrawn(MarketEvent.EtherWithdrawn e) {
    BigInteger own = ether.getOrDefault(e.account(), BigInteger.ZERO);
    require(e, "ether withdrawn by " + e.account(), own, e.wei());
    ether.put(e.account(), BigInteger.ZERO);
  }
}
