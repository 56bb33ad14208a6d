package io.granary.proofs.opening;

import io.granary.proofs.Hash32;
import io.granary.proofs.seal.SealProfile;
import java.util.Arrays;
import java.util.List;

/**
 * Checks openings in both trees of one deal (Protocol §4, §6).
 *
 * @param dealId the deal, which is the replica's id
 * @param profile its seal profile
 * @param pieceRoot root of the piece
 * @param sealedRoot root of the replica
 * @param leafCount leaves of both trees
 */
public record DualVerifier(
    Hash32 dealId, int profile, Hash32 pieceRoot, Hash32 sealedRoot, long leafCount) {

  /** What a check found. */
  public sealed interface Verdict {
    /** Everything opens. */
    record Ok() implements Verdict {}

    /**
     * The first thing that does not.
     *
     * @param opening which opening, from 0
     * @param reason what is wrong with it
     */
    record Wrong(int opening, String reason) implements Verdict {}
  }

  /**
   * Checks that the openings are those of the wanted positions, in order, and that each one holds.
   */
  public Verdict verify(List<Long> positions, List<DualOpening> openings) {
    if (positions.size() != openings.size()) {
      return new Verdict.Wrong(
          openings.size(), positions.size() + " openings wanted, " + openings.size() + " given");
    }
    SealProfile seal = SealProfile.byId(profile);
    for (int i = 0; i < openings.size(); i++) {
      String reason = check(seal, positions.get(i), openings.get(i));
      if (!reason.isEmpty()) {
        return new Verdict.Wrong(i, reason);
      }
    }
    return new Verdict.Ok();
  }

  private String check(SealProfile seal, long wanted, DualOpening o) {
    if (o.leaf() != wanted) {
      return "leaf " + o.leaf() + " opened, leaf " + wanted + " was drawn";
    }
    if (!o.piece().opens(pieceRoot, wanted, leafCount)) {
      return "leaf " + wanted + " does not lead to the piece root " + pieceRoot;
    }
    if (!o.sealed().opens(sealedRoot, wanted, leafCount)) {
      return "leaf " + wanted + " does not lead to the sealed root " + sealedRoot;
    }
    byte[] leaf = o.piece().leaf();
    seal.apply(dealId, wanted, leaf, 0, 1);
    return Arrays.equals(leaf, o.sealed().leaf())
        ? ""
        : "leaf " + wanted + " of the replica is not the piece's leaf under this deal's mask";
  }
}
