package io.granary.proofs.challenge;

import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import java.math.BigInteger;
import java.util.List;
import java.util.stream.LongStream;

/** Where one deal is challenged, at its seal (Protocol §4) and in its audits (Protocol §6). */
public final class Positions {
  /** Leaves of an audit challenge. */
  public static final int AUDIT_CHALLENGES = 4;

  private Positions() {}

  /** Positions of a seal challenge; the seed is the deal's seal seed. */
  public static List<Long> seal(Hash32 sealSeed, int count, long leafCount) {
    return expand(sealSeed, count, leafCount);
  }

  /** Positions of a deal's audit challenge; the seed is the period's. */
  public static List<Long> audit(Hash32 periodSeed, Hash32 dealId, long leafCount) {
    return expand(Sha256.hash(periodSeed.bytes(), dealId.bytes()), AUDIT_CHALLENGES, leafCount);
  }

  private static List<Long> expand(Hash32 seed, int count, long leafCount) {
    BigInteger leaves = BigInteger.valueOf(leafCount);
    return LongStream.range(0, count)
        .mapToObj(i -> Sha256.expand(seed, i).mod(leaves).longValueExact())
        .toList();
  }
}
