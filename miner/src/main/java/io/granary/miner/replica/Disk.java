package io.granary.miner.replica;

import io.granary.proofs.disk.BulkFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * The writes of large files, apart so that a test can make them fail as a full or dying disk does.
 */
public interface Disk {
  /** Opens a file to read and write, making it when it is missing. */
  BulkFile openForWriting(Path file) throws IOException;

  /**
   * The channel that a sealing uses for one of its files.
   *
   * @param channel the file's own
   */
  FileChannel sealing(Path file, FileChannel channel);

  /** Bytes this process may still write where the directory lies. */
  long usableBytes(Path directory) throws IOException;
}
