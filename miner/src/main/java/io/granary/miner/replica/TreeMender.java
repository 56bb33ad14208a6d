package io.granary.miner.replica;

import io.granary.miner.OperatorLog;
import io.granary.miner.model.StoredDeal;
import io.granary.proofs.Hash32;
import io.granary.proofs.seal.Replica;
import io.granary.proofs.seal.ReplicaFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * Builds damaged tree files anew from the replica, one at a time, beside what the node does. A new
 * tree takes the place of the old one only when its root is the deal's; otherwise the replica's own
 * bytes are at fault.
 */
public final class TreeMender implements AutoCloseable {
  // A replica that is damaged itself is not hashed all the time: the operator may restore it.
  private static final int REST = 20;

  private final Shelf shelf;
  private final OperatorLog log;
  private final Map<Path, Instant> notBefore = new ConcurrentHashMap<>();
  private final ExecutorService worker =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().name("miner-mending").daemon(true).factory());

  /** For the files of a shelf. */
  public TreeMender(Shelf shelf, OperatorLog log) {
    this.shelf = shelf;
    this.log = log;
  }

  /** Has a tree file of a deal built anew soon, unless that was tried a moment ago. */
  void suspect(StoredDeal deal, Path tree) {
    Instant now = Instant.now();
    // Held back until the work is done, which says for how much longer.
    Instant until = notBefore.get(tree);
    if (until != null && now.isBefore(until)) {
      return;
    }
    notBefore.put(tree, Instant.MAX);
    try {
      worker.execute(() -> mend(deal, tree));
    } catch (RejectedExecutionException e) {
      // The node is stopping; what is wrong now will be found again.
      notBefore.remove(tree);
    }
  }

  private void mend(StoredDeal deal, Path tree) {
    Instant began = Instant.now();
    try {
      if (!shelf.hasReplica(deal.id())) {
        return; // nothing to build it from: its deal has just ended, or whoever reads it says so
      }
      if (rebuild(deal, tree)) {
        log.treeRebuilt(deal.id(), tree, Duration.between(began, Instant.now()));
      } else {
        log.damaged(
            deal.id(), "rebuilding " + tree, "the replica's bytes do not lead to the deal's root");
      }
    } catch (IOException | RuntimeException e) {
      log.damaged(deal.id(), "rebuilding " + tree, String.valueOf(e));
    } finally {
      Instant now = Instant.now();
      notBefore.put(tree, now.plus(Duration.between(began, now).multipliedBy(REST)));
    }
  }

  private boolean rebuild(StoredDeal deal, Path tree) throws IOException {
    ReplicaFiles files = shelf.files(deal.id());
    ReplicaFiles temporary = shelf.temporaryFiles(deal.id());
    boolean isPiece = tree.equals(files.pieceTree());
    Path fresh = isPiece ? temporary.pieceTree() : temporary.sealedTree();
    try (Replica replica =
        Replica.open(deal.id().hash(), deal.terms().sealProfile(), deal.terms().size(), files)) {
      Hash32 root = isPiece ? replica.rebuildPieceTree(fresh) : replica.rebuildSealedTree(fresh);
      if (root.equals(isPiece ? deal.terms().pieceRoot() : deal.sealedRoot())) {
        shelf.replace(fresh, tree);
        return true;
      }
      return false;
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  /** Stops; a tree that is half built is begun anew when it is missed again. */
  @Override
  public void close() {
    worker.shutdownNow();
    try {
      if (!worker.awaitTermination(10, TimeUnit.SECONDS)) {
        log.stepFailed("miner-mending", new IllegalStateException("a rebuild does not end"));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
