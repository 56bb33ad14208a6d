package io.granary.client.store;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * The client's files in one JSON file, replaced as a whole (write, fsync, rename), so that a kill
 * leaves the old or the new one, and changed under a file lock after it was read again, so that
 * commands that run at the same time do not undo each other's changes. A wallet has few files and
 * people want to read and back up the list: a database would only hide it.
 */
public final class Catalogue {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final ReentrantLock PROCESS = new ReentrantLock();

  private final Path file;
  private final Map<String, StoredFile> byName = new LinkedHashMap<>();

  /**
   * Opens or begins the catalogue of a folder.
   *
   * @throws IOException when the file cannot be read; it is never overwritten then
   */
  public Catalogue(Path home) throws IOException {
    Files.createDirectories(home);
    this.file = home.resolve("files.json");
    read();
  }

  private synchronized void read() throws IOException {
    if (!Files.exists(file)) {
      return;
    }
    try {
      List<StoredFile> files =
          JSON.readValue(file.toFile(), new TypeReference<List<StoredFile>>() {});
      if (files == null || files.contains(null)) {
        throw new IOException("null where a file was due");
      }
      byName.clear();
      files.forEach(f -> byName.put(f.name(), f));
    } catch (IOException e) {
      throw new IOException(
          file
              + " is no file catalogue ("
              + e.getMessage()
              + "): restore it from a backup, or move it away",
          e);
    }
  }

  /** All files. */
  public synchronized List<StoredFile> all() {
    return new ArrayList<>(byName.values());
  }

  /** A file by name or Piece CID. */
  public synchronized Optional<StoredFile> find(String nameOrCid) {
    StoredFile named = byName.get(nameOrCid);
    return named != null
        ? Optional.of(named)
        : byName.values().stream().filter(f -> f.contentCid().equals(nameOrCid)).findFirst();
  }

  /** Adds or replaces a file, durably. */
  public void save(StoredFile stored) {
    change(() -> byName.put(stored.name(), stored));
  }

  /**
   * Changes a file, durably.
   *
   * @throws IllegalArgumentException when there is none of that name
   */
  public StoredFile update(String name, UnaryOperator<StoredFile> change) {
    return change(
        () -> {
          StoredFile old = byName.get(name);
          if (old == null) {
            throw new IllegalArgumentException("no file '" + name + "' in " + file);
          }
          StoredFile changed = change.apply(old);
          byName.put(name, changed);
          return changed;
        });
  }

  private <T> T change(Supplier<T> step) {
    // A file lock is the whole process's: threads of one process are kept apart here.
    PROCESS.lock();
    try (FileChannel channel =
            FileChannel.open(
                file.resolveSibling("files.json.lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      synchronized (this) {
        read();
        T result = step.get();
        write();
        return result;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "cannot change " + file + " (" + e.getMessage() + "): free space or check permissions",
          e);
    } finally {
      PROCESS.unlock();
    }
  }

  private void write() throws IOException {
    Path temporary = file.resolveSibling("files.json.new");
    byte[] bytes = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(byName.values());
    try (FileChannel out =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      while (buffer.hasRemaining()) {
        out.write(buffer);
      }
      out.force(true);
    }
    Files.move(
        temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
