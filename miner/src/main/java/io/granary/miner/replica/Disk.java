package io.granary.miner.replica;

import io.granary.proofs.disk.BulkFile;
import io.granary.proofs.seal.RawSource;
import io.granary.proofs.seal.ReplicaFiles;
import io.granary.proofs.seal.SealedPiece;
import io.granary.proofs.seal.Sealer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.LongConsumer;

/**
 * The writes of large files, apart so that a test can make them fail as a full or dying disk does.
 */
public interface Disk {
  /** Opens a file to read and write, making it when it is missing. */
  BulkFile openForWriting(Path file) throws IOException;

  /** Runs a sealer; with the piece's tree when it is there already. */
  SealedPiece seal(
      Sealer sealer, RawSource source, ReplicaFiles files, int threads, LongConsumer progress)
      throws IOException;

  /** Bytes this process may still write where the directory lies. */
  long usableBytes(Path directory) throws IOException;
}
