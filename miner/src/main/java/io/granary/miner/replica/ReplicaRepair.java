package io.granary.miner.replica;

import io.granary.proofs.Hash32;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.seal.ReplicaCheck;
import io.granary.proofs.seal.ReplicaFiles;
import io.granary.proofs.seal.SealedPiece;
import io.granary.proofs.seal.Sealer;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Looks a replica over and puts it right again from the piece's bytes, beside a running node or
 * without one: what it overwrites is wrong already, whole files take their names when they are
 * finished and checked.
 */
public final class ReplicaRepair {
  /**
   * Whose replica, as the deal was made.
   *
   * @param profile seal profile
   * @param size of the piece
   * @param pieceRoot root of the piece
   * @param sealedRoot root of the replica
   */
  public record Subject(
      DealId id, int profile, RawSize size, Hash32 pieceRoot, Hash32 sealedRoot) {}

  /**
   * What was found.
   *
   * @param missing the replica's file is not there or of the wrong size
   * @param chunks chunks of 1 MiB (padded) that it has
   * @param damaged those that are wrong
   * @param sealedTree false when the file of the sealed tree is at fault
   * @param pieceTree false when the file of the piece tree is at fault
   */
  public record Finding(
      boolean missing, long chunks, List<Long> damaged, boolean sealedTree, boolean pieceTree) {
    /** Nothing is wrong. */
    public boolean sound() {
      return !missing && damaged.isEmpty() && sealedTree && pieceTree;
    }
  }

  /** Raw bytes of the piece, each of which was checked against the piece root. */
  @FunctionalInterface
  public interface Source {
    /** Reads {@code length} bytes from {@code offset} on. */
    byte[] read(long offset, int length) throws IOException;
  }

  private final Shelf shelf;
  private final Subject subject;

  /** For a deal's files. */
  public ReplicaRepair(Shelf shelf, Subject subject) {
    this.shelf = shelf;
    this.subject = subject;
  }

  private ReplicaCheck open() throws IOException {
    return new ReplicaCheck(
        subject.id().hash(),
        subject.profile(),
        subject.size(),
        shelf.files(subject.id()),
        subject.sealedRoot(),
        subject.pieceRoot());
  }

  /**
   * Reads all of it.
   *
   * @param progress told the chunks read so far
   */
  public Finding check(LongConsumer progress) {
    long chunks = ReplicaCheck.chunks(subject.size());
    List<Long> damaged = new ArrayList<>();
    boolean sealedTree = true;
    boolean pieceTree = true;
    try (ReplicaCheck check = open()) {
      for (long chunk = 0; chunk < chunks; chunk++) {
        switch (check.check(chunk)) {
          case SOUND -> {}
          case DAMAGED -> damaged.add(chunk);
          case SEALED_TREE_WRONG -> sealedTree = false;
          case PIECE_TREE_WRONG -> pieceTree = false;
        }
        progress.accept(chunk + 1);
      }
    } catch (IOException e) {
      return new Finding(true, chunks, List.of(), false, false);
    }
    return new Finding(false, chunks, damaged, sealedTree, pieceTree);
  }

  /**
   * Puts right what was found.
   *
   * @param progress told the chunks mended so far
   * @return what is wrong still; nothing, unless the disk goes on failing
   * @throws IOException when the source or the disk fails; then it can be done again
   */
  public Finding repair(Finding found, Source source, LongConsumer progress) throws IOException {
    if (found.missing()) {
      sealAnew(source, progress);
    } else if (!found.sound()) {
      mend(found, source, progress);
    }
    return check(done -> {});
  }

  private void mend(Finding found, Source source, LongConsumer progress) throws IOException {
    ReplicaFiles files = shelf.files(subject.id());
    ReplicaFiles temporary = shelf.temporaryFiles(subject.id());
    try (ReplicaCheck check = open()) {
      long done = 0;
      for (long chunk : found.damaged()) {
        check.mend(chunk, source.read(ReplicaCheck.offset(chunk), check.rawBytes(chunk)));
        progress.accept(++done);
      }
      // Where both trees are wrong nothing vouches for a chunk, but the sealed root for the whole.
      boolean bothTrees = found.damaged().size() == found.chunks();
      if (!found.sealedTree() || bothTrees) {
        if (!check.isWhole(temporary.sealedTree())) {
          throw new IOException(
              "the mended replica of "
                  + subject.id()
                  + " does not lead to its sealed root: check the disk, then run it again");
        }
        shelf.replace(temporary.sealedTree(), files.sealedTree());
      }
      if (!found.pieceTree() || bothTrees) {
        if (!check.rebuildPieceTree(temporary.pieceTree())) {
          throw new IOException(
              "the mended replica of "
                  + subject.id()
                  + " does not lead to its piece root: check the disk, then run it again");
        }
        shelf.replace(temporary.pieceTree(), files.pieceTree());
      }
    } finally {
      Files.deleteIfExists(temporary.sealedTree());
      Files.deleteIfExists(temporary.pieceTree());
    }
  }

  private void sealAnew(Source source, LongConsumer progress) throws IOException {
    Sealer sealer = new Sealer(subject.id().hash(), subject.profile(), subject.size());
    try {
      SealedPiece sealed =
          sealer.seal(
              (at, target, length) ->
                  System.arraycopy(source.read(at, length), 0, target, 0, length),
              shelf.temporaryFiles(subject.id()),
              1,
              bytes -> progress.accept(bytes / ReplicaCheck.offset(1)));
      if (!sealed.sealedRoot().equals(subject.sealedRoot())) {
        throw new IOException(
            "the piece that was given for "
                + subject.id()
                + " does not lead to its sealed root: it is not the deal's piece");
      }
      shelf.commit(subject.id());
    } finally {
      shelf.deleteTemporary(subject.id());
    }
  }
}
