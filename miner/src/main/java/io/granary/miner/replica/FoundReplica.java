package io.granary.miner.replica;

import io.granary.miner.model.StoredDeal;
import io.granary.proofs.Hash32;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.opening.DualVerifier;
import io.granary.proofs.seal.Replica;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A finished replica that lies on the shelf though the store knows nothing of it: the store is an
 * older copy, or the power went between the renaming of the files and the store's note.
 */
public final class FoundReplica {
  private FoundReplica() {}

  /**
   * The root of the replica when its trees belong to the deal. Files get their names only when they
   * are durable and checked, so three leaves opened in both trees are enough to see that these are
   * the deal's; whatever is damaged since is found by proving, as in every replica.
   *
   * @throws IOException when a file is missing or not the deal's; the message says which
   */
  public static Hash32 sealedRoot(Shelf shelf, StoredDeal deal) throws IOException {
    long leafCount = deal.terms().size().leafCount();
    int profile = deal.terms().sealProfile();
    try (Replica replica =
        Replica.open(deal.id().hash(), profile, deal.terms().size(), shelf.files(deal.id()))) {
      List<Long> leaves = List.of(0L, leafCount / 2, leafCount - 1);
      List<DualOpening> openings = new ArrayList<>();
      for (long leaf : leaves) {
        openings.add(replica.openBoth(leaf));
      }
      Hash32 root = replica.sealedRoot();
      DualVerifier verifier =
          new DualVerifier(deal.id().hash(), profile, deal.terms().pieceRoot(), root, leafCount);
      if (verifier.verify(leaves, openings) instanceof DualVerifier.Verdict.Wrong wrong) {
        throw new IOException(
            "the files of deal " + deal.id() + " are not a replica of its piece: " + wrong);
      }
      return root;
    }
  }
}
