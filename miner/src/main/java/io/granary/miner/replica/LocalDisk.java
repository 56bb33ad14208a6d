package io.granary.miner.replica;

import io.granary.proofs.disk.BulkFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The disk there is. */
public final class LocalDisk implements Disk {
  @Override
  public BulkFile openForWriting(Path file) throws IOException {
    return BulkFile.open(
        file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  @Override
  public FileChannel sealing(Path file, FileChannel channel) {
    return channel;
  }

  @Override
  public long usableBytes(Path directory) throws IOException {
    return Files.getFileStore(directory).getUsableSpace();
  }
}
