package io.granary.miner.replica;

import io.granary.miner.model.StoredDeal;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.opening.DualVerifier;
import io.granary.proofs.piece.Fr32;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.seal.Replica;
import io.granary.proofs.seal.ReplicaCheck;
import io.granary.proofs.seal.ReplicaFiles;
import io.granary.proofs.tree.CorruptTreeException;
import io.granary.proofs.tree.Opening;
import io.granary.proofs.tree.RangeProof;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * Reads replicas and believes nothing it reads: each opening and each range is checked against the
 * roots that the deal was made with before it is handed out, so a damaged disk never makes this
 * miner send something wrong.
 */
public final class ReplicaReader {
  private final Shelf shelf;
  private final TreeMender mender;
  private volatile Consumer<DealId> listener = id -> {};

  /** Over the files of a shelf; tree files that are at fault go to the mender. */
  public ReplicaReader(Shelf shelf, TreeMender mender) {
    this.shelf = shelf;
    this.mender = mender;
  }

  @FunctionalInterface
  private interface Use<T> {
    Reading<T> of(Replica replica) throws IOException;
  }

  private <T> Reading<T> with(StoredDeal deal, long leaf, Use<T> use) {
    try (Replica replica =
        Replica.open(
            deal.id().hash(),
            deal.terms().sealProfile(),
            deal.terms().size(),
            shelf.files(deal.id()))) {
      Reading<T> reading = use.of(replica);
      if (reading instanceof Reading.Damaged) {
        listener.accept(deal.id());
      }
      return reading;
    } catch (CorruptTreeException e) {
      listener.accept(deal.id());
      e.tree().ifPresent(tree -> mender.suspect(deal, tree));
      String doing = e.tree().isPresent() ? ", which is being done" : "";
      return new Reading.Damaged<>(leaf, e.getMessage() + doing);
    } catch (IOException e) {
      listener.accept(deal.id());
      return new Reading.Damaged<>(leaf, "the replica cannot be read: " + e);
    }
  }

  /**
   * Whether a chunk leads to the deal's roots; a tree file that is at fault is told to the mender
   * and does not make the chunk unsound.
   *
   * @throws IllegalArgumentException when the piece has no such chunk
   */
  public boolean isSound(StoredDeal deal, long chunk) {
    ReplicaFiles files = shelf.files(deal.id());
    try (ReplicaCheck check =
        new ReplicaCheck(
            deal.id().hash(),
            deal.terms().sealProfile(),
            deal.terms().size(),
            files,
            deal.sealedRoot(),
            deal.terms().pieceRoot())) {
      return switch (check.check(chunk)) {
        case SOUND -> true;
        case DAMAGED -> false;
        case SEALED_TREE_WRONG -> {
          mender.suspect(deal, files.sealedTree());
          yield true;
        }
        case PIECE_TREE_WRONG -> {
          mender.suspect(deal, files.pieceTree());
          yield true;
        }
      };
    } catch (IOException e) {
      return false;
    }
  }

  /** Tells somebody of each deal of which something does not open; it must not block. */
  public void onDamage(Consumer<DealId> other) {
    listener = other;
  }

  /** Opens a leaf of the sealed tree. */
  public Reading<Opening> openSealed(StoredDeal deal, long leaf) {
    return with(
        deal,
        leaf,
        replica -> {
          Opening opening = replica.openSealed(leaf);
          return opening.opens(deal.sealedRoot(), leaf, deal.terms().size().leafCount())
              ? new Reading.Good<>(opening)
              : new Reading.Damaged<>(
                  leaf, "the leaf does not lead to the sealed root " + deal.sealedRoot());
        });
  }

  /** Opens leaves in both trees. */
  public Reading<List<DualOpening>> openBoth(StoredDeal deal, List<Long> leaves) {
    return with(
        deal,
        leaves.isEmpty() ? 0 : leaves.getFirst(),
        replica -> {
          List<DualOpening> openings = new ArrayList<>();
          for (long leaf : leaves) {
            openings.add(replica.openBoth(leaf));
          }
          DualVerifier verifier =
              new DualVerifier(
                  deal.id().hash(),
                  deal.terms().sealProfile(),
                  deal.terms().pieceRoot(),
                  deal.sealedRoot(),
                  deal.terms().size().leafCount());
          return switch (verifier.verify(leaves, openings)) {
            case DualVerifier.Verdict.Ok ok -> new Reading.Good<>(openings);
            case DualVerifier.Verdict.Wrong wrong ->
                new Reading.Damaged<>(leaves.get(wrong.opening()), wrong.reason());
          };
        });
  }

  /**
   * Reads raw bytes of {@code groups} groups of 127 bytes from {@code firstGroup} on, with their
   * range proof.
   */
  public Reading<Replica.Range> range(StoredDeal deal, long firstGroup, int groups) {
    return with(
        deal,
        4 * firstGroup,
        replica -> {
          Replica.Range range = replica.read(firstGroup, groups);
          if (leadsToRoot(deal, firstGroup, groups, range)) {
            return new Reading.Good<>(range);
          }
          // Its path is the range's: this throws when the tree is at fault rather than the data.
          replica.openBoth(4 * firstGroup);
          return new Reading.Damaged<>(
              4 * firstGroup,
              "bytes from "
                  + firstGroup * Fr32.RAW
                  + " on do not lead to the piece root "
                  + deal.terms().pieceRoot());
        });
  }

  private static boolean leadsToRoot(
      StoredDeal deal, long firstGroup, int groups, Replica.Range range) {
    RawSize size = deal.terms().size();
    byte[] raw = Arrays.copyOf(range.bytes(), groups * Fr32.RAW);
    byte[] leaves = new byte[groups * Fr32.PADDED];
    Fr32.pad(raw, 0, leaves, 0, groups);
    return RangeProof.verify(
        deal.terms().pieceRoot(), size.shape(), 4 * firstGroup, leaves, range.proof());
  }
}
