package io.granary.contracts;

import io.granary.contracts.bindings.StorageMarket;
import io.granary.proofs.Hash32;
import io.granary.proofs.LeafIndex;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.OpenDemand;
import io.granary.protocol.deal.Cover;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.EarlyEnd;
import io.granary.protocol.deal.Extension;
import io.granary.protocol.deal.HandOver;
import io.granary.protocol.deal.Mandate;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.DealKey;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.web3j.abi.datatypes.Type;

/** The contract's structs to domain values and back. */
final class Structs {
  private Structs() {}

  static StorageMarket.DealProposal struct(DealProposal p) {
    return new StorageMarket.DealProposal(
        p.client().toString(),
        p.miner().toString(),
        p.auditor().toString(),
        p.pieceRoot().bytes(),
        BigInteger.valueOf(p.size().bytes()),
        BigInteger.valueOf(p.sealProfile()),
        BigInteger.valueOf(p.periods()),
        p.price().units(),
        p.collateral().units(),
        BigInteger.valueOf(p.publishBy().value()),
        BigInteger.valueOf(p.activateBy().value()),
        p.replaces().bytes(),
        p.salt().bytes());
  }

  static StorageMarket.Extension struct(Extension e) {
    return new StorageMarket.Extension(
        e.dealId().hash().bytes(),
        BigInteger.valueOf(e.oldEnd().index()),
        BigInteger.valueOf(e.newEnd().index()),
        e.pricePerPeriod().units(),
        e.collateral().units(),
        BigInteger.valueOf(e.executeBy().value()));
  }

  static StorageMarket.Mandate struct(Mandate m) {
    return new StorageMarket.Mandate(
        m.dealId().hash().bytes(),
        BigInteger.valueOf(m.periods()),
        BigInteger.valueOf(m.times()),
        m.maxPricePerPeriod().units(),
        m.collateral().units(),
        m.budget().units(),
        m.tip().units(),
        BigInteger.valueOf(m.expiresAt().value()));
  }

  static StorageMarket.EarlyEnd struct(EarlyEnd e) {
    return new StorageMarket.EarlyEnd(
        e.dealId().hash().bytes(), e.immediate(), BigInteger.valueOf(e.executeBy().value()));
  }

  static DealProposal proposal(StorageMarket.DealProposal s) {
    return new DealProposal(
        Address.parse(s.client),
        Address.parse(s.miner),
        Address.parse(s.auditor),
        Hash32.of(s.pieceRoot),
        new RawSize(s.rawSize.longValueExact()),
        s.sealProfile.intValueExact(),
        s.periods.longValueExact(),
        new TokenAmount(s.price),
        new TokenAmount(s.collateral),
        new BlockNumber(s.publishBy.longValueExact()),
        new BlockNumber(s.activateBy.longValueExact()),
        Hash32.of(s.replaces),
        Hash32.of(s.salt));
  }

  /** Of the answer of {@code handOver}: successor, pending, waived. */
  @SuppressWarnings("rawtypes")
  static HandOver handOver(List<Type> answer) {
    byte[] successor = (byte[]) answer.get(0).getValue();
    boolean none = Arrays.equals(successor, new byte[DealKey.BYTES]);
    return new HandOver(
        none ? Optional.empty() : Optional.of(DealKey.of(successor)),
        (Boolean) answer.get(1).getValue(),
        (Boolean) answer.get(2).getValue());
  }

  /** Of the answer of {@code coverOf}: reason, amount. */
  @SuppressWarnings("rawtypes")
  static Cover cover(List<Type> answer) {
    return new Cover(
        SkipReason.name((BigInteger) answer.get(0).getValue()),
        new TokenAmount((BigInteger) answer.get(1).getValue()));
  }

  static DealSnapshot snapshot(DealId id, StorageMarket.DealView v) {
    return new DealSnapshot(
        id,
        DealState.values()[v.state.intValueExact()],
        Address.parse(v.client),
        Address.parse(v.miner),
        new TokenAmount(v.price),
        new TokenAmount(v.collateral),
        v.periods.longValueExact(),
        new Period(v.start.longValueExact()),
        new Period(v.end.longValueExact()),
        new Period(v.cursor.longValueExact()),
        v.proved.longValueExact(),
        v.missed.longValueExact(),
        v.missRun.intValueExact(),
        new BlockNumber(v.activateBy.longValueExact()),
        new BlockNumber(v.sealBlock.longValueExact()),
        Hash32.of(v.sealedRoot),
        v.removed,
        v.noticed,
        new Period(v.faultySince.longValueExact()));
  }

  /** Empty for a slot without a demand. */
  static Optional<OpenDemand> demand(DealId id, boolean byAuditor, StorageMarket.Demand d) {
    return d.deadline.signum() == 0
        ? Optional.empty()
        : Optional.of(
            new OpenDemand(
                id,
                byAuditor,
                new LeafIndex(d.leafIndex.longValueExact()),
                d.bond,
                new BlockNumber(d.deadline.longValueExact())));
  }
}
