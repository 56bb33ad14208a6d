package io.granary.miner.storage.rocksdb;

import io.granary.miner.model.StoredDeal;
import io.granary.proofs.Hash32;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.time.Instant;

/**
 * Version 2 of a stored deal: id 32, stage uint8 (by the names below, not by ordinal), dataDeleted
 * uint8, sealedRoot 32, acceptedAt uint64 ms, reason uint16 + UTF-8, then the proposal: client 20,
 * miner 20, auditor 20, pieceRoot 32, rawSize uint64, sealProfile uint8, periods uint32, price 12,
 * collateral 12, publishBy uint64, activateBy uint64, replaces 32, salt 32, signature 65, end
 * uint32. Version 1 had no end; {@link Layout} brings it to this one.
 */
final class DealCodec {
  private static final int VERSION = 2;
  private static final int VERSION_WITHOUT_END = 1;
  private static final int FIXED_BYTES = 512;

  /** Longest reason kept, in characters. */
  private static final int MAX_REASON = 1_000;

  private DealCodec() {}

  static byte[] encode(StoredDeal deal) {
    String reason =
        deal.reason().length() > MAX_REASON
            ? deal.reason().substring(0, MAX_REASON)
            : deal.reason();
    DealProposal p = deal.terms();
    return Fields.write(FIXED_BYTES + 3 * reason.length(), VERSION)
        .hash(deal.id().hash())
        .u8(stageCode(deal.stage()))
        .u8(deal.dataDeleted() ? 1 : 0)
        .hash(deal.sealedRoot())
        .u64(deal.acceptedAt().toEpochMilli())
        .text(reason)
        .address(p.client())
        .address(p.miner())
        .address(p.auditor())
        .hash(p.pieceRoot())
        .u64(p.size().bytes())
        .u8(p.sealProfile())
        .u32(p.periods())
        .amount(p.price())
        .amount(p.collateral())
        .u64(p.publishBy().value())
        .u64(p.activateBy().value())
        .hash(p.replaces())
        .hash(p.salt())
        .signature(deal.signed().signature())
        .u32(deal.end().index())
        .bytes();
  }

  static StoredDeal decode(byte[] value) {
    return Fields.read(value, VERSION, "deal", in -> decode(in, false));
  }

  static boolean isWithoutEnd(byte[] value) {
    return value.length > 0 && value[0] == VERSION_WITHOUT_END;
  }

  /** A deal of version 1. */
  static StoredDeal decodeWithoutEnd(byte[] value) {
    return Fields.read(value, VERSION_WITHOUT_END, "deal", in -> decode(in, true));
  }

  private static StoredDeal decode(Fields in, boolean withoutEnd) {
    DealId id = new DealId(in.hash());
    DealStage stage = stage(in.u8());
    boolean dataDeleted = in.u8() == 1;
    Hash32 sealedRoot = in.hash();
    Instant acceptedAt = Instant.ofEpochMilli(in.u64());
    String reason = in.text();
    DealProposal proposal =
        new DealProposal(
            in.address(),
            in.address(),
            in.address(),
            in.hash(),
            new RawSize(in.u64()),
            in.u8(),
            in.u32(),
            in.amount(),
            in.amount(),
            new BlockNumber(in.u64()),
            new BlockNumber(in.u64()),
            in.hash(),
            in.hash());
    SignedProposal signed = new SignedProposal(proposal, in.signature());
    Period end = new Period(withoutEnd ? 0 : in.u32());
    return new StoredDeal(id, signed, stage, reason, sealedRoot, dataDeleted, acceptedAt, end);
  }

  private static int stageCode(DealStage stage) {
    return switch (stage) {
      case ACCEPTED -> 1;
      // Sealing starts again after a crash, from the uploaded piece.
      case UPLOADED, SEALING -> 2;
      case SEALED -> 3;
      case PUBLISHED -> 4;
      case ACTIVE -> 5;
      case ENDED -> 6;
      case FAILED -> 7;
    };
  }

  private static DealStage stage(int code) {
    return switch (code) {
      case 1 -> DealStage.ACCEPTED;
      case 2 -> DealStage.UPLOADED;
      case 3 -> DealStage.SEALED;
      case 4 -> DealStage.PUBLISHED;
      case 5 -> DealStage.ACTIVE;
      case 6 -> DealStage.ENDED;
      case 7 -> DealStage.FAILED;
      default -> throw new IllegalArgumentException("no stage has the code " + code);
    };
  }
}
