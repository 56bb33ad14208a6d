package io.granary.protocol.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.granary.proofs.Hash32;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.tree.Opening;
import io.granary.protocol.crypto.Signature;
import io.granary.protocol.deal.Ask;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.Extension;
import io.granary.protocol.deal.PeriodProof;
import io.granary.protocol.deal.Refusal;
import io.granary.protocol.deal.SignedAsk;
import io.granary.protocol.deal.SignedExtension;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;

/**
 * Messages to domain values and back. Whatever a peer sent, only {@link WireException} comes out of
 * {@code from…}.
 */
public final class Wire {
  private Wire() {}

  // ---------------------------------------------------------------- primitives

  private static <T> T parse(String field, ByteString value, int length, Function<byte[], T> make) {
    if (value.size() != length) {
      throw new WireException(field + " must have " + length + " bytes, not " + value.size());
    }
    return make.apply(value.toByteArray());
  }

  private static <T> T checked(java.util.function.Supplier<T> make) {
    try {
      return make.get();
    } catch (WireException e) {
      throw e;
    } catch (IllegalArgumentException | DateTimeException | ArithmeticException e) {
      throw new WireException(String.valueOf(e.getMessage()));
    }
  }

  /** 32 bytes. */
  public static Hash32 hash(String field, ByteString value) {
    return parse(field, value, 32, Hash32::of);
  }

  /** A deal id. */
  public static DealId dealId(ByteString value) {
    return new DealId(hash("deal_id", value));
  }

  /** 20 bytes. */
  public static Address address(String field, ByteString value) {
    return parse(field, value, Address.BYTES, Address::of);
  }

  /** 65 bytes. */
  public static Signature signature(ByteString value) {
    return parse("signature", value, Signature.BYTES, Signature::of);
  }

  /** 32 bytes, big-endian. */
  public static TokenAmount amount(String field, ByteString value) {
    return parse(field, value, 32, b -> new TokenAmount(new BigInteger(1, b)));
  }

  /** 32 bytes. */
  public static ByteString bytes(Hash32 value) {
    return UnsafeByteOperations.unsafeWrap(value.bytes());
  }

  /** 32 bytes. */
  public static ByteString bytes(DealId value) {
    return bytes(value.hash());
  }

  /** 20 bytes. */
  public static ByteString bytes(Address value) {
    return UnsafeByteOperations.unsafeWrap(value.bytes());
  }

  /** 65 bytes. */
  public static ByteString bytes(Signature value) {
    return UnsafeByteOperations.unsafeWrap(value.bytes());
  }

  /** 32 bytes, big-endian. */
  public static ByteString bytes(TokenAmount value) {
    byte[] number = value.units().toByteArray();
    byte[] out = new byte[32];
    int n = Math.min(32, number.length);
    System.arraycopy(number, number.length - n, out, 32 - n, n);
    return UnsafeByteOperations.unsafeWrap(out);
  }

  private static long unsigned(String field, int value) {
    if (value < 0) {
      throw new WireException(
          field + " must be below 2^31, not " + Integer.toUnsignedString(value));
    }
    return value;
  }

  // ---------------------------------------------------------------- deals

  /** From a message. */
  public static DealProposal proposal(io.granary.v1.DealProposal m) {
    return checked(
        () ->
            new DealProposal(
                address("client", m.getClient()),
                address("miner", m.getMiner()),
                address("auditor", m.getAuditor()),
                hash("piece_root", m.getPieceRoot()),
                new RawSize(m.getRawSize()),
                m.getSealProfile(),
                unsigned("periods", m.getPeriods()),
                amount("price", m.getPrice()),
                amount("collateral", m.getCollateral()),
                new BlockNumber(m.getPublishBy()),
                new BlockNumber(m.getActivateBy()),
                hash("replaces", m.getReplaces()),
                hash("salt", m.getSalt())));
  }

  /** To a message. */
  public static io.granary.v1.DealProposal message(DealProposal p) {
    return io.granary.v1.DealProposal.newBuilder()
        .setClient(bytes(p.client()))
        .setMiner(bytes(p.miner()))
        .setAuditor(bytes(p.auditor()))
        .setPieceRoot(bytes(p.pieceRoot()))
        .setRawSize(p.size().bytes())
        .setSealProfile(p.sealProfile())
        .setPeriods((int) p.periods())
        .setPrice(bytes(p.price()))
        .setCollateral(bytes(p.collateral()))
        .setPublishBy(p.publishBy().value())
        .setActivateBy(p.activateBy().value())
        .setReplaces(bytes(p.replaces()))
        .setSalt(bytes(p.salt()))
        .build();
  }

  /** From a message. */
  public static SignedProposal signedProposal(io.granary.v1.SignedProposal m) {
    return new SignedProposal(proposal(m.getProposal()), signature(m.getSignature()));
  }

  /** To a message. */
  public static io.granary.v1.SignedProposal message(SignedProposal p) {
    return io.granary.v1.SignedProposal.newBuilder()
        .setProposal(message(p.proposal()))
        .setSignature(bytes(p.signature()))
        .build();
  }

  /** From a message. */
  public static SignedExtension signedExtension(io.granary.v1.SignedExtension m) {
    io.granary.v1.Extension e = m.getExtension();
    return checked(
        () ->
            new SignedExtension(
                new Extension(
                    dealId(e.getDealId()),
                    new Period(unsigned("old_end", e.getOldEnd())),
                    new Period(unsigned("new_end", e.getNewEnd())),
                    amount("price_per_period", e.getPricePerPeriod()),
                    amount("collateral", e.getCollateral()),
                    new BlockNumber(e.getExecuteBy())),
                signature(m.getSignature())));
  }

  /** To a message. */
  public static io.granary.v1.SignedExtension message(SignedExtension s) {
    Extension e = s.extension();
    return io.granary.v1.SignedExtension.newBuilder()
        .setExtension(
            io.granary.v1.Extension.newBuilder()
                .setDealId(bytes(e.dealId()))
                .setOldEnd((int) e.oldEnd().index())
                .setNewEnd((int) e.newEnd().index())
                .setPricePerPeriod(bytes(e.pricePerPeriod()))
                .setCollateral(bytes(e.collateral()))
                .setExecuteBy(e.executeBy().value()))
        .setSignature(bytes(s.signature()))
        .build();
  }

  /** As bytes, for keeping. */
  public static byte[] encode(SignedProposal p) {
    return message(p).toByteArray();
  }

  /** As bytes, for keeping. */
  public static byte[] encode(SignedPeriodProof p) {
    return message(p).toByteArray();
  }

  /**
   * What {@link #encode(SignedProposal)} made.
   *
   * @throws WireException when it is something else
   */
  public static SignedProposal decodeProposal(byte[] bytes) {
    try {
      return signedProposal(io.granary.v1.SignedProposal.parseFrom(bytes));
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      throw new WireException("not a signed proposal: " + e.getMessage());
    }
  }

  /** From a message. */
  public static SignedAsk ask(io.granary.v1.SignedAsk m) {
    return checked(
        () ->
            new SignedAsk(
                new Ask(
                    address("miner", m.getMiner()),
                    amount("price_per_leaf_period", m.getPricePerLeafPeriod()),
                    amount("collateral_per_leaf", m.getCollateralPerLeaf()),
                    m.getMinSize(),
                    m.getMaxSize(),
                    unsigned("min_periods", m.getMinPeriods()),
                    unsigned("max_periods", m.getMaxPeriods()),
                    Instant.ofEpochSecond(m.getExpiresAt())),
                signature(m.getSignature())));
  }

  /** To a message. */
  public static io.granary.v1.SignedAsk message(SignedAsk s) {
    Ask a = s.ask();
    return io.granary.v1.SignedAsk.newBuilder()
        .setMiner(bytes(a.miner()))
        .setPricePerLeafPeriod(bytes(a.pricePerLeafPeriod()))
        .setCollateralPerLeaf(bytes(a.collateralPerLeaf()))
        .setMinSize(a.minSize())
        .setMaxSize(a.maxSize())
        .setMinPeriods((int) a.minPeriods())
        .setMaxPeriods((int) a.maxPeriods())
        .setExpiresAt(a.expiresAt().getEpochSecond())
        .setSignature(bytes(s.signature()))
        .build();
  }

  /** From a message. */
  public static Refusal refusal(io.granary.v1.Refusal m) {
    return new Refusal(m.getCode(), m.getMessage(), m.getActual(), m.getAcceptable());
  }

  /** To a message. */
  public static io.granary.v1.Refusal message(Refusal r) {
    return io.granary.v1.Refusal.newBuilder()
        .setCode(r.code())
        .setMessage(r.message())
        .setActual(r.actual())
        .setAcceptable(r.acceptable())
        .build();
  }

  /** To a message. */
  public static io.granary.v1.DealStage message(DealStage stage) {
    return io.granary.v1.DealStage.forNumber(stage.ordinal() + 1);
  }

  /** From a message. */
  public static DealStage stage(io.granary.v1.DealStage m) {
    if (m == io.granary.v1.DealStage.UNRECOGNIZED
        || m == io.granary.v1.DealStage.DEAL_STAGE_UNSPECIFIED) {
      throw new WireException("stage is unknown: " + m);
    }
    return DealStage.values()[m.getNumber() - 1];
  }

  // ---------------------------------------------------------------- proofs

  /** From a message. */
  public static DualOpening opening(io.granary.v1.DualOpening m) {
    return checked(
        () ->
            new DualOpening(
                m.getLeafIndex(),
                Opening.of(m.getPieceLeaf().concat(m.getPiecePath()).toByteArray()),
                Opening.of(m.getSealedLeaf().concat(m.getSealedPath()).toByteArray())));
  }

  /** To a message. */
  public static io.granary.v1.DualOpening message(DualOpening o) {
    return io.granary.v1.DualOpening.newBuilder()
        .setLeafIndex(o.leaf())
        .setPieceLeaf(ByteString.copyFrom(o.piece().leaf()))
        .setPiecePath(ByteString.copyFrom(o.piece().path()))
        .setSealedLeaf(ByteString.copyFrom(o.sealed().leaf()))
        .setSealedPath(ByteString.copyFrom(o.sealed().path()))
        .build();
  }

  /** From a message. */
  public static SignedPeriodProof periodProof(io.granary.v1.PeriodProof m) {
    if (m.getOpeningsCount() > 32) {
      throw new WireException("openings must be at most 32, not " + m.getOpeningsCount());
    }
    List<DualOpening> openings = m.getOpeningsList().stream().map(Wire::opening).toList();
    return checked(
        () ->
            new SignedPeriodProof(
                new PeriodProof(
                    dealId(m.getDealId()),
                    new Period(Integer.toUnsignedLong(m.getPeriod())),
                    hash("seed", m.getSeed()),
                    openings),
                signature(m.getSignature())));
  }

  /** To a message. */
  public static io.granary.v1.PeriodProof message(SignedPeriodProof s) {
    PeriodProof p = s.proof();
    return io.granary.v1.PeriodProof.newBuilder()
        .setDealId(bytes(p.dealId()))
        .setPeriod((int) p.period().index())
        .setSeed(bytes(p.seed()))
        .addAllOpenings(p.openings().stream().map(Wire::message).toList())
        .setSignature(bytes(s.signature()))
        .build();
  }
}
