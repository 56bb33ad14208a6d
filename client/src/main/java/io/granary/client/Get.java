package io.granary.client;

import io.granary.client.erasure.ShardEncoder;
import io.granary.client.erasure.Striping;
import io.granary.client.store.StoredFile;
import io.granary.client.vault.FileCipher;
import io.granary.proofs.piece.PieceCommitment;
import io.granary.protocol.crypto.EthKey;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;

/**
 * Files and pieces that come back from miners. What is on its way lies beside the target, in {@code
 * .part} and {@code .pieces}, so that the same get goes on from there.
 */
final class Get {
  private final PieceFetch fetch;
  private final AnyPieces any;
  private final Vault vault;

  Get(ClientPorts ports, EthKey wallet, Progress.Listener progress) {
    this.fetch = new PieceFetch(ports, wallet, progress);
    this.any = new AnyPieces(fetch);
    this.vault = new Vault(wallet);
  }

  /** The file. */
  void run(StoredFile stored, Path target) {
    Path part = beside(target, ".part");
    if (stored.isPlain()) {
      fetch.run(stored, 0, part);
    } else {
      // First, because without its key nothing needs to come.
      Optional<FileCipher> cipher =
          Optional.ofNullable(stored.encryption()).map(e -> vault.cipher(stored.name(), e));
      Path pieces = beside(target, ".pieces");
      try {
        Files.createDirectories(pieces);
        Set<Integer> which = any.run(stored, -1, pieces);
        assemble(stored, cipher, pieces, which, part);
        Staging.delete(pieces);
      } catch (IOException e) {
        throw failed("cannot put " + part + " together", e);
      }
    }
    rename(part, target);
  }

  private static Path beside(Path target, String ending) {
    return target.resolveSibling(target.getFileName() + ending);
  }

  private static ClientException failed(String what, IOException e) {
    return new ClientException(
        ClientException.Code.RETRIEVAL_FAILED, what + ": " + e.getMessage(), e);
  }

  private static void rename(Path from, Path to) {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw failed("cannot rename " + from + " to " + to, e);
    }
  }

  private static void assemble(
      StoredFile stored, Optional<FileCipher> cipher, Path folder, Set<Integer> which, Path part)
      throws IOException {
    try (SeekableByteChannel sealed = sealed(stored, folder, which);
        SeekableByteChannel plain = cipher.isPresent() ? cipher.get().open(sealed) : sealed;
        FileChannel out =
            FileChannel.open(
                part,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
      Bytes.copy(plain, stored.bytes(), b -> Bytes.write(out, b));
      out.force(true);
    }
  }

  private static SeekableByteChannel sealed(StoredFile stored, Path folder, Set<Integer> which)
      throws IOException {
    return stored.pieces().size() == 1
        ? FileChannel.open(folder.resolve("0"), StandardOpenOption.READ)
        : new ShardedFile(striping(stored), folder, which);
  }

  private static Striping striping(StoredFile stored) {
    long sealed = Sizes.stored(stored.bytes(), stored.encryption() != null);
    return new Striping(stored.data(), stored.pieces().size() - stored.data(), sealed);
  }

  // ---------------------------------------------------------------- single pieces

  /**
   * A piece as its miners have it: from them, or else computed from others.
   *
   * @param target where to
   */
  void piece(StoredFile stored, int index, Path target) {
    Path part = beside(target, ".part");
    try {
      fetch.run(stored, index, part);
    } catch (ClientException e) {
      if (stored.data() == 1 || e.code() == ClientException.Code.INTERRUPTED) {
        throw e;
      }
      rebuild(stored, index, part);
    }
    rename(part, target);
  }

  private void rebuild(StoredFile stored, int index, Path part) {
    Path pieces = beside(part, ".pieces");
    try {
      Files.createDirectories(pieces);
      Set<Integer> which = any.run(stored, index, pieces);
      PieceCommitment made;
      try (ShardedFile sealed = new ShardedFile(striping(stored), pieces, which);
          FileChannel out =
              FileChannel.open(
                  part,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.TRUNCATE_EXISTING,
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE)) {
        ShardEncoder encoder =
            new ShardEncoder(
                striping(stored),
                (shard, bytes, offset, length) -> {
                  if (shard == index) {
                    Bytes.write(out, ByteBuffer.wrap(bytes, offset, length));
                  }
                });
        Bytes.copy(sealed, sealed.size(), encoder::update);
        encoder.finish();
        out.force(true);
        made = Replication.hash(out.position(0));
      }
      if (!made.equals(stored.piece(index))) {
        throw new IOException("its pieces do not fit together: files.json may be damaged");
      }
      Staging.delete(pieces);
    } catch (IOException e) {
      throw failed("cannot compute piece " + index + " of '" + stored.name() + "'", e);
    }
  }
}
