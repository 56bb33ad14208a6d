package io.granary.miner.storage.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.granary.miner.storage.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.rocksdb.Checkpoint;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.DBOptions;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/** One RocksDB with the miner's column families; every write waits for the log to be on disk. */
final class RocksDatabase implements AutoCloseable {
  /** The column families, in the order in which they are opened. */
  enum Family {
    META,
    DEALS,
    UPLOADS,
    PROOFS,
    OUTBOX,
    TRANSACTIONS,
    SEALINGS,
    COSTS;

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Takes one entry of a scan and says whether to go on. */
  @FunctionalInterface
  interface Visitor {
    boolean visit(byte[] key, byte[] value);
  }

  /** A RocksDB call that may fail. */
  @FunctionalInterface
  interface Call<T extends @Nullable Object> {
    T run() throws RocksDBException;
  }

  // Small: deals and proofs are a few kilobytes each, and the daemon lives in 512 MiB.
  private static final long WRITE_BUFFER_BYTES = 4L << 20;

  private final Path path;
  private final DBOptions options;
  private final ColumnFamilyOptions familyOptions;
  private final WriteOptions sync;
  private final RocksDB db;

  /** By the family's label. */
  private final Map<String, ColumnFamilyHandle> handles;

  private final ReadWriteLock inUse = new ReentrantReadWriteLock();
  private boolean closed;

  private RocksDatabase(
      Path path,
      DBOptions options,
      ColumnFamilyOptions familyOptions,
      RocksDB db,
      Map<String, ColumnFamilyHandle> handles) {
    this.path = path;
    this.options = options;
    this.familyOptions = familyOptions;
    this.sync = new WriteOptions().setSync(true);
    this.db = db;
    this.handles = handles;
  }

  /**
   * Opens the database with the families that it has, or creates it with all.
   *
   * @throws StorageException when another process has it open, it cannot be read, or a newer
   *     version wrote it
   */
  static RocksDatabase open(Path path) {
    RocksDB.loadLibrary();
    List<String> known = Arrays.stream(Family.values()).map(Family::label).toList();
    List<String> there = familiesOf(path);
    List<String> unknown = there.stream().filter(label -> !known.contains(label)).toList();
    if (!unknown.isEmpty()) {
      throw new StorageException(
          "the store "
              + path
              + " keeps "
              + String.join(", ", unknown)
              + ", which this version of granary does not know: a newer version wrote it. "
              + Layout.wayBack(path));
    }
    // Without its first family, its creation was cut off.
    return open(path, there.contains(Family.META.label()) ? there : known);
  }

  /**
   * Opens a database as it is, whichever version wrote it: to copy it, not to use it.
   *
   * @throws StorageException when there is none, another process has it open, or it cannot be read
   */
  static RocksDatabase openAsItIs(Path path) {
    RocksDB.loadLibrary();
    List<String> families = familiesOf(path);
    if (families.isEmpty()) {
      throw new StorageException(
          "there is no store at "
              + path
              + ": the miner has not run here yet, or its home is another");
    }
    return open(path, families);
  }

  /**
   * Opens a database that is there, only to read: nothing is changed, others may read it too.
   *
   * @throws StorageException when it cannot be read
   */
  static RocksDatabase openToRead(Path path) {
    RocksDB.loadLibrary();
    return open(path, familiesOf(path), RocksDB::openReadOnly);
  }

  /** One of RocksDB's ways to open. */
  @FunctionalInterface
  private interface Opening {
    RocksDB open(
        DBOptions options,
        String path,
        List<ColumnFamilyDescriptor> families,
        List<ColumnFamilyHandle> handles)
        throws RocksDBException;
  }

  /** The families of a database beside RocksDB's own; empty when there is none. */
  private static List<String> familiesOf(Path path) {
    // The file that says which files make up the database; RocksDB writes it last.
    if (!Files.exists(path.resolve("CURRENT"))) {
      return List.of();
    }
    try (Options options = new Options()) {
      return RocksDB.listColumnFamilies(options, path.toString()).stream()
          .filter(label -> !Arrays.equals(label, RocksDB.DEFAULT_COLUMN_FAMILY))
          .map(label -> new String(label, UTF_8))
          .toList();
    } catch (RocksDBException e) {
      throw cannotOpen(path, e);
    }
  }

  private static StorageException cannotOpen(Path path, Exception e) {
    return new StorageException(
        "the miner's store "
            + path
            + " cannot be opened: "
            + e.getMessage()
            + "; stop the other process that uses it, or check the disk and its permissions",
        e);
  }

  private static RocksDatabase open(Path path, List<String> families) {
    try {
      Files.createDirectories(path);
    } catch (IOException e) {
      throw cannotOpen(path, e);
    }
    return open(path, families, RocksDB::open);
  }

  private static RocksDatabase open(Path path, List<String> families, Opening opening) {
    DBOptions options =
        new DBOptions()
            .setCreateIfMissing(true)
            .setCreateMissingColumnFamilies(true)
            .setKeepLogFileNum(2)
            .setMaxOpenFiles(64);
    ColumnFamilyOptions family = new ColumnFamilyOptions().setWriteBufferSize(WRITE_BUFFER_BYTES);
    List<ColumnFamilyDescriptor> descriptors = new ArrayList<>();
    descriptors.add(new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY, family));
    for (String label : families) {
      descriptors.add(new ColumnFamilyDescriptor(label.getBytes(UTF_8), family));
    }
    List<ColumnFamilyHandle> opened = new ArrayList<>();
    try {
      RocksDB db = opening.open(options, path.toString(), descriptors, opened);
      Map<String, ColumnFamilyHandle> handles = new HashMap<>();
      for (ColumnFamilyHandle handle : opened) {
        handles.put(new String(handle.getName(), UTF_8), handle);
      }
      return new RocksDatabase(path, options, family, db, handles);
    } catch (RocksDBException e) {
      family.close();
      options.close();
      throw cannotOpen(path, e);
    }
  }

  /** Adds the families that the database does not have yet. */
  void addFamilies() {
    guarded(
        "add families",
        () -> {
          for (Family family : Family.values()) {
            if (!handles.containsKey(family.label())) {
              ColumnFamilyDescriptor descriptor =
                  new ColumnFamilyDescriptor(family.label().getBytes(UTF_8), familyOptions);
              handles.put(family.label(), db.createColumnFamily(descriptor));
            }
          }
          return true;
        });
  }

  /**
   * Copies everything as of one moment, while others go on writing. Files that never change are
   * linked where they can be.
   *
   * @param directory made by this; must not exist
   */
  void checkpoint(Path directory) {
    guarded(
        "be copied to " + directory,
        () -> {
          try (Checkpoint checkpoint = Checkpoint.create(db)) {
            checkpoint.createCheckpoint(directory.toString());
          }
          return true;
        });
  }

  private ColumnFamilyHandle handle(Family family) {
    ColumnFamilyHandle handle = handles.get(family.label());
    if (handle == null) {
      throw new StorageException(
          "the store "
              + path
              + " has no "
              + family.label()
              + " yet: start the node once with this version");
    }
    return handle;
  }

  private <T extends @Nullable Object> T guarded(String what, Call<T> call) {
    // RocksDB is native: a call after its end would take the whole process down.
    inUse.readLock().lock();
    try {
      if (closed) {
        throw new StorageException(
            "the miner's store " + path + " is closed: the node is stopping");
      }
      return call.run();
    } catch (RocksDBException e) {
      throw new StorageException(
          "the miner's store "
              + path
              + " failed to "
              + what
              + ": "
              + e.getMessage()
              + "; check the disk's free space and health",
          e);
    } finally {
      inUse.readLock().unlock();
    }
  }

  byte @Nullable [] get(Family family, byte[] key) {
    return this.<byte @Nullable []>guarded("read", () -> db.get(handle(family), key));
  }

  void put(Family family, byte[] key, byte[] value) {
    write(batch -> batch.put(family, key, value));
  }

  void delete(Family family, byte[] key) {
    write(batch -> batch.delete(family, key));
  }

  /** A batch that {@link #write} fills. */
  final class Batch {
    private final WriteBatch batch;

    private Batch(WriteBatch batch) {
      this.batch = batch;
    }

    void put(Family family, byte[] key, byte[] value) throws RocksDBException {
      batch.put(handle(family), key, value);
    }

    void delete(Family family, byte[] key) throws RocksDBException {
      batch.delete(handle(family), key);
    }

    void deleteRange(Family family, byte[] from, byte[] to) throws RocksDBException {
      batch.deleteRange(handle(family), from, to);
    }
  }

  /** Fills a batch. */
  @FunctionalInterface
  interface Writes {
    void addTo(Batch batch) throws RocksDBException;
  }

  /** Writes a batch: all of it or nothing, durable when it returns. */
  void write(Writes writes) {
    guarded(
        "write",
        () -> {
          try (WriteBatch batch = new WriteBatch()) {
            writes.addTo(new Batch(batch));
            db.write(sync, batch);
          }
          return true;
        });
  }

  /** Visits the entries of a family in key order, those below {@code end} when it is not empty. */
  void scan(Family family, byte[] end, Visitor visitor) {
    scan(family, new byte[0], end, visitor);
  }

  /** The same from a key on. */
  void scan(Family family, byte[] from, byte[] end, Visitor visitor) {
    guarded(
        "scan",
        () -> {
          try (Slice bound = new Slice(end);
              ReadOptions read = new ReadOptions()) {
            if (end.length > 0) {
              read.setIterateUpperBound(bound);
            }
            try (RocksIterator it = db.newIterator(handle(family), read)) {
              it.seek(from);
              while (it.isValid() && visitor.visit(it.key(), it.value())) {
                it.next();
              }
              it.status();
            }
          }
          return true;
        });
  }

  @Override
  public void close() {
    inUse.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        closeNow();
      }
    } finally {
      inUse.writeLock().unlock();
    }
  }

  private void closeNow() {
    handles.values().forEach(ColumnFamilyHandle::close);
    db.close();
    sync.close();
    familyOptions.close();
    options.close();
  }
}
