package io.granary.proofs.opening;

import io.granary.proofs.tree.Opening;
import java.io.ByteArrayOutputStream;
import java.util.List;

/**
 * One position opened in both trees of a deal.
 *
 * @param leaf the position
 * @param piece opening in the piece tree
 * @param sealed opening in the sealed tree
 */
public record DualOpening(long leaf, Opening piece, Opening sealed) {
  /** Packed for {@code activateDeals} (Protocol §4): piece leaf, piece path, sealed leaf, sealed path, for each. */
  public static byte[] pack(List<DualOpening> openings) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (DualOpening o : openings) {
      out.writeBytes(o.piece.packed());
      out.writeBytes(o.sealed.packed());
    }
    return out.toByteArray();
  }

  /** What a period proof's openings hash covers (Protocol §8.4): uint64 leaf index before each. */
  public static byte[] packWithIndices(List<DualOpening> openings) {
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
