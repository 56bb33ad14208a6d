package io.granary.client;

import io.granary.client.store.StoredFile;
import io.granary.client.vault.FileCipher;
import io.granary.client.vault.SizeClass;
import io.granary.proofs.Sha256;
import io.granary.proofs.piece.PieceCommitment;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The pieces of files as the miners get them, in a folder of the client's home from before the
 * first is offered until the last is with its miner. Encrypting a file again would give other
 * pieces, so an upload that goes on after a kill needs the same bytes.
 */
final class Staging {
  private final Path folder;

  Staging(Path home) {
    this.folder = home.resolve("staging");
  }

  /**
   * The folder of a file's pieces; names are unique in a catalogue, and may be no names of files.
   */
  private Path of(String name) {
    return folder.resolve(Sha256.hash(name.getBytes(StandardCharsets.UTF_8)).toHex());
  }

  /** Where a piece is, or is to be. */
  Path path(StoredFile file, int piece) {
    return of(file.name()).resolve(Integer.toString(piece));
  }

  /**
   * Makes the pieces of a file that the catalogue does not have yet.
   *
   * @param content what was read of it before
   * @param cipher empty: they are not encrypted
   * @return their commitments
   * @throws IOException when it cannot be read or has changed, or the home cannot be written
   */
  List<PieceCommitment> make(
      String name,
      FileChannel file,
      PieceCommitment content,
      Redundancy redundancy,
      Optional<FileCipher> cipher)
      throws IOException {
    Path done = of(name);
    Path fresh = done.resolveSibling(done.getFileName() + ".new");
    delete(fresh);
    Files.createDirectories(fresh);
    List<PieceCommitment> pieces = write(file, content.rawBytes(), redundancy, cipher, fresh);
    delete(done);
    Files.move(fresh, done, StandardCopyOption.ATOMIC_MOVE);
    return pieces;
  }

  private static List<PieceCommitment> write(
      FileChannel file, long bytes, Redundancy redundancy, Optional<FileCipher> cipher, Path folder)
      throws IOException {
    long stored = Sizes.stored(bytes, cipher.isPresent());
    try (PieceFiles pieces = new PieceFiles(folder, redundancy, stored)) {
      if (cipher.isPresent()) {
        try (WritableByteChannel plain = cipher.get().seal(pieces.input())) {
          Bytes.copy(file, bytes, b -> Bytes.write(plain, b));
          SizeClass.pad(plain, bytes);
        }
      } else {
        Bytes.copy(file, bytes, pieces::write);
      }
      return pieces.finish();
    }
  }

  /** Forgets the pieces of a file. */
  void drop(StoredFile file) throws IOException {
    delete(of(file.name()));
  }

  /** Deletes a folder with what is in it, if it is there. */
  static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
