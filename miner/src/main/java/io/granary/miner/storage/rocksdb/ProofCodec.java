package io.granary.miner.storage.rocksdb;

import io.granary.proofs.Hash32;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.tree.Opening;
import io.granary.protocol.deal.PeriodProof;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.util.ArrayList;
import java.util.List;

/**
 * Version 1 of a stored period proof: deal id 32, period uint32, seed 32, signature 65, count
 * uint8, then for each opening leaf index uint64, piece opening and sealed opening as uint16 + leaf
 * ‖ path.
 */
final class ProofCodec {
  private static final int VERSION = 1;
  private static final int FIXED_BYTES = 135;
  private static final int SEED_AT = 37;
  private static final int OPENING_BYTES = 12 + 2 * 32 * 35;

  private ProofCodec() {}

  static byte[] encode(SignedPeriodProof signed) {
    PeriodProof proof = signed.proof();
    Fields out =
        Fields.write(FIXED_BYTES + proof.openings().size() * OPENING_BYTES, VERSION)
            .hash(proof.dealId().hash())
            .u32(proof.period().index())
            .hash(proof.seed())
            .signature(signed.signature())
            .u8(proof.openings().size());
    for (DualOpening opening : proof.openings()) {
      out.u64(opening.leaf()).blob(opening.piece().packed()).blob(opening.sealed().packed());
    }
    return out.bytes();
  }

  /** The seed alone, whatever follows it. */
  static Hash32 seed(byte[] value) {
    if (value.length < FIXED_BYTES || value[0] != VERSION) {
      return decode(value).proof().seed(); // which says what is wrong with it
    }
    return Hash32.at(value, SEED_AT);
  }

  static SignedPeriodProof decode(byte[] value) {
    return Fields.read(
        value,
        VERSION,
        "period proof",
        in -> {
          DealId id = new DealId(in.hash());
          Period period = new Period(in.u32());
          Hash32 seed = in.hash();
          var signature = in.signature();
          int count = in.u8();
          List<DualOpening> openings = new ArrayList<>();
          for (int i = 0; i < count; i++) {
            openings.add(new DualOpening(in.u64(), Opening.of(in.blob()), Opening.of(in.blob())));
          }
          return new SignedPeriodProof(new PeriodProof(id, period, seed, openings), signature);
        });
  }
}
