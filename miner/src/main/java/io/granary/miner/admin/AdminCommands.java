package io.granary.miner.admin;

import io.granary.miner.DrainReport;
import io.granary.miner.storage.StorageException;
import java.nio.file.Path;

/** What a running node does when its operator says so. */
public interface AdminCommands {
  /**
   * Copies the store as it is at one moment.
   *
   * @param directory made by the node; must not exist
   * @throws StorageException when it exists or cannot be written
   */
  void copyStore(Path directory);

  /** Ends what runs, within the node's deadline, and begins nothing any more. */
  DrainReport drain();

  /** The answer to a drain was given: the process may end. */
  void drained(DrainReport report);
}
