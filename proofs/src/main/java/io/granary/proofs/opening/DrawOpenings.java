package io.granary.proofs.opening;

import io.granary.proofs.challenge.ProvingSet.Draw;
import io.granary.proofs.opening.DualVerifier.Verdict;
import io.granary.proofs.tree.Opening;
import io.granary.proofs.tree.TreeShape;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The openings of a period's draws in their sealed trees, as {@code prove} takes them (Protocol
 * §5.3).
 */
public final class DrawOpenings {
  private DrawOpenings() {}

  /** Packed for {@code prove}: leaf and path of each draw, in order. */
  public static byte[] pack(List<Opening> openings) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    openings.forEach(opening -> out.writeBytes(opening.packed()));
    return out.toByteArray();
  }

  /**
   * Undoes {@link #pack} for the draws that were to be opened.
   *
   * @throws IllegalArgumentException when the length is not theirs: the contract refuses it too
   */
  public static List<Opening> unpack(List<Draw> draws, byte[] packed) {
    int wanted = draws.stream().mapToInt(DrawOpenings::bytes).sum();
    if (packed.length != wanted) {
      throw new IllegalArgumentException(
          "openings of these "
              + draws.size()
              + " draws have "
              + wanted
              + " bytes, not "
              + packed.length);
    }
    List<Opening> openings = new ArrayList<>();
    int at = 0;
    for (Draw draw : draws) {
      openings.add(Opening.of(Arrays.copyOfRange(packed, at, at + bytes(draw))));
      at += bytes(draw);
    }
    return openings;
  }

  /** Checks openings as the contract does, without a transaction. */
  public static Verdict verify(List<Draw> draws, List<Opening> openings) {
    if (draws.size() != openings.size()) {
      return new Verdict.Wrong(
          openings.size(), draws.size() + " openings wanted, " + openings.size() + " given");
    }
    for (int i = 0; i < draws.size(); i++) {
      Draw draw = draws.get(i);
      if (!openings
          .get(i)
          .opens(draw.entry().sealedRoot(), draw.leaf(), draw.entry().leafCount())) {
        return new Verdict.Wrong(
            i,
            "leaf "
                + draw.leaf()
                + " of deal "
                + draw.entry().dealId()
                + " does not lead to the sealed root "
                + draw.entry().sealedRoot());
      }
    }
    return new Verdict.Ok();
  }

  private static int bytes(Draw draw) {
    return Opening.bytes(new TreeShape(draw.entry().leafCount()));
  }
}
