package io.granary.proofs.opening;

import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.proofs.tree.Opening;
import io.granary.proofs.tree.TreeShape;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One position opened in both trees of a deal.
 *
 * @param leaf the position
 * @param piece opening in the piece tree
 * @param sealed opening in the sealed tree
 */
public record DualOpening(long leaf, Opening piece, Opening sealed) {
  /**
   * Packed for {@code activateDeals} (Protocol §4): piece leaf, piece path, sealed leaf, sealed
   * path, for each.
   */
  public static byte[] pack(List<DualOpening> openings) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (DualOpening o : openings) {
      out.writeBytes(o.piece.packed());
      out.writeBytes(o.sealed.packed());
    }
    return out.toByteArray();
  }

  /**
   * Undoes {@link #pack}.
   *
   * @param positions the leaves that were to be opened, in order
   * @param leafCount leaves of both trees
   * @throws IllegalArgumentException when the length is not theirs: the contract refuses it too
   */
  public static List<DualOpening> unpack(List<Long> positions, long leafCount, byte[] packed) {
    int each = Opening.bytes(new TreeShape(leafCount));
    if (packed.length != 2L * each * positions.size()) {
      throw new IllegalArgumentException(
          "openings of "
              + positions.size()
              + " leaves in two trees have "
              + 2L * each * positions.size()
              + " bytes, not "
              + packed.length);
    }
    List<DualOpening> openings = new ArrayList<>();
    for (int i = 0; i < positions.size(); i++) {
      int at = 2 * each * i;
      Opening piece = Opening.of(Arrays.copyOfRange(packed, at, at + each));
      Opening sealed = Opening.of(Arrays.copyOfRange(packed, at + each, at + 2 * each));
      openings.add(new DualOpening(positions.get(i), piece, sealed));
    }
    return openings;
  }

  /** The openings hash that a period proof signs (Protocol §8.4). */
  public static Hash32 hash(List<DualOpening> openings) {
    return Sha256.hash(packWithIndices(openings));
  }

  /** What a period proof's openings hash covers (Protocol §8.4): uint64 leaf index before each. */
  private static byte[] packWithIndices(List<DualOpening> openings) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (DualOpening o : openings) {
      for (int shift = 56; shift >= 0; shift -= 8) {
        out.write((int) (o.leaf >>> shift));
      }
      out.writeBytes(o.piece.packed());
      out.writeBytes(o.sealed.packed());
    }
    return out.toByteArray();
  }
}
