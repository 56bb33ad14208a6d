package io.granary.miner.replica;

import io.granary.proofs.disk.BulkFile;
import io.granary.proofs.seal.RawSource;
import io.granary.proofs.seal.ReplicaFiles;
import io.granary.proofs.seal.SealedPiece;
import io.granary.proofs.seal.Sealer;
import io.granary.proofs.tree.CorruptTreeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.LongConsumer;

/** The disk there is. */
public final class LocalDisk implements Disk {
  @Override
  public BulkFile openForWriting(Path file) throws IOException {
    return BulkFile.open(
        file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  @Override
  public SealedPiece seal(
      Sealer sealer, RawSource source, ReplicaFiles files, int threads, LongConsumer progress)
      throws IOException {
    if (Files.exists(files.pieceTree())) {
      try {
        return sealer.sealWithPieceTree(source, files, threads, progress);
      } catch (CorruptTreeException halfWritten) {
        Files.delete(files.pieceTree());
      }
    }
    return sealer.seal(source, files, threads, progress);
  }

  @Override
  public long usableBytes(Path directory) throws IOException {
    return Files.getFileStore(directory).getUsableSpace();
  }
}
