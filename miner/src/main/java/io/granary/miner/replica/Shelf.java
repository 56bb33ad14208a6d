package io.granary.miner.replica;

import io.granary.proofs.seal.ReplicaFiles;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Where the bytes of deals lie: {@code uploads/<id>.part} while they arrive; {@code
 * replicas/<id>.replica}, {@code .sealed-tree} and {@code .piece-tree} once sealed. Files are
 * written under a temporary name and renamed when they are durable.
 */
public final class Shelf {
  private static final String TEMPORARY = ".tmp";

  private final Path uploads;
  private final Path replicas;

  /**
   * Under a home directory, whose folders it makes.
   *
   * @throws IOException when it cannot
   */
  public Shelf(Path home) throws IOException {
    this.uploads = home.resolve("uploads");
    this.replicas = home.resolve("replicas");
    Files.createDirectories(uploads);
    Files.createDirectories(replicas);
    // What is synced in a folder is lost all the same when the folder's own name is.
    syncDirectory(home);
  }

  private static String name(DealId id) {
    return id.hash().toHex();
  }

  /** Directory of the replicas. */
  public Path directory() {
    return replicas;
  }

  /** The staged piece. */
  public Path part(DealId id) {
    return uploads.resolve(name(id) + ".part");
  }

  /** The finished files. */
  public ReplicaFiles files(DealId id) {
    return files(id, "");
  }

  /** The files while they are written. */
  public ReplicaFiles temporaryFiles(DealId id) {
    return files(id, TEMPORARY);
  }

  /** Checksums of the staged piece, which go with the temporary files. */
  public Path stagedSums(DealId id) {
    return replicas.resolve(name(id) + ".staged-sums" + TEMPORARY);
  }

  private ReplicaFiles files(DealId id, String suffix) {
    String name = name(id);
    return new ReplicaFiles(
        replicas.resolve(name + ".replica" + suffix),
        replicas.resolve(name + ".sealed-tree" + suffix),
        replicas.resolve(name + ".piece-tree" + suffix));
  }

  /** Bytes of the staged piece that lie on disk. */
  public long stagedBytes(DealId id) throws IOException {
    try {
      return Files.size(part(id));
    } catch (NoSuchFileException none) {
      return 0;
    }
  }

  /** True when the last file of a finished sealing has its name. */
  public boolean hasReplica(DealId id) {
    return Files.exists(files(id).replica());
  }

  /** Makes the new name of a staged piece durable. */
  public void syncUploads() throws IOException {
    syncDirectory(uploads);
  }

  /** Gives finished temporary files their names, durably. */
  public void commit(DealId id) throws IOException {
    ReplicaFiles from = temporaryFiles(id);
    ReplicaFiles to = files(id);
    Files.move(from.pieceTree(), to.pieceTree(), StandardCopyOption.ATOMIC_MOVE);
    Files.move(from.sealedTree(), to.sealedTree(), StandardCopyOption.ATOMIC_MOVE);
    Files.move(from.replica(), to.replica(), StandardCopyOption.ATOMIC_MOVE);
    syncDirectory(replicas);
    Files.deleteIfExists(stagedSums(id));
  }

  /** Puts a finished file of the replicas' folder in the place of another, durably. */
  public void replace(Path finished, Path target) throws IOException {
    Files.move(
        finished, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    syncDirectory(replicas);
  }

  private static void syncDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Deletes the staged piece. */
  public void deletePart(DealId id) throws IOException {
    Files.deleteIfExists(part(id));
  }

  /** Deletes files of an unfinished sealing. */
  public void deleteTemporary(DealId id) throws IOException {
    delete(temporaryFiles(id));
    Files.deleteIfExists(stagedSums(id));
  }

  /** Deletes everything of a deal; nothing happens when there is nothing. */
  public void deleteAll(DealId id) throws IOException {
    deletePart(id);
    delete(files(id));
    deleteTemporary(id);
  }

  private static void delete(ReplicaFiles files) throws IOException {
    Files.deleteIfExists(files.replica());
    Files.deleteIfExists(files.sealedTree());
    Files.deleteIfExists(files.pieceTree());
  }

  /**
   * Deletes what a crash left half-written, and tells whose files are here otherwise.
   *
   * @param goesOn whether a deal's sealing goes on with the files that it has
   */
  public Set<DealId> sweep(Predicate<DealId> goesOn) throws IOException {
    Set<DealId> found = new HashSet<>();
    for (Path directory : new Path[] {uploads, replicas}) {
      try (Stream<Path> files = Files.list(directory)) {
        for (Path file : files.toList()) {
          String name = file.getFileName().toString();
          // What does not carry a deal's name is not ours to delete.
          Optional<DealId> deal = dealOf(name);
          if (deal.isPresent() && name.endsWith(TEMPORARY) && !goesOn.test(deal.get())) {
            Files.deleteIfExists(file);
          } else {
            deal.ifPresent(found::add);
          }
        }
      }
    }
    return found;
  }

  private static Optional<DealId> dealOf(String name) {
    int dot = name.indexOf('.');
    try {
      return dot < 0 ? Optional.empty() : Optional.of(DealId.parse(name.substring(0, dot)));
    } catch (IllegalArgumentException notOurs) {
      return Optional.empty();
    }
  }
}
