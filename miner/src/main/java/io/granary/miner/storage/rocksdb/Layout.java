package io.granary.miner.storage.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.granary.miner.storage.StorageException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The version of a store's layout, and the way from older ones to today's. The stamp is written
 * after each step, so a step that a crash cut off runs again: steps must not mind that. What the
 * store was before each step is kept beside it (its files are linked, not copied), for the way back
 * to the older version.
 */
final class Layout {
  /**
   * One step.
   *
   * @param to the layout that it leads to, from the one before it, {@code to - 1}
   * @param what it does, for the operator
   * @param step does it; may run again on what it has done, all or in part
   */
  record Migration(int to, String what, Consumer<RocksDatabase> step) {}

  /**
   * What opening a store changed in it.
   *
   * @param steps in words; empty when there was nothing to do
   * @param kept the store as it was before them
   */
  record Change(List<String> steps, Optional<Path> kept) {
    static final Change NONE = new Change(List.of(), Optional.empty());
  }

  /** The way, in order; a new layout is a new line at the end. */
  static final List<Migration> MIGRATIONS =
      List.of(new Migration(2, "each deal has the period it ends in", Layout::addEnds));

  private static final int FIRST = 1;
  private static final byte[] STAMP = "schema".getBytes(UTF_8);

  private Layout() {}

  /**
   * Stamps a new store, or brings an older one to the newest layout.
   *
   * @throws StorageException when the layout is newer than the newest known, or is not known at all
   */
  static Change bringUpToDate(RocksDatabase db, Path path, List<Migration> migrations) {
    int newest = newest(migrations);
    byte[] found = db.get(RocksDatabase.Family.META, STAMP);
    if (found == null) {
      db.addFamilies();
      requireNew(db, path);
      stamp(db, newest);
      return Change.NONE;
    }
    int version = parse(new String(found, UTF_8), path);
    if (version > newest) {
      throw new StorageException(
          "the store "
              + path
              + " has layout "
              + version
              + ", this version of granary knows layouts up to "
              + newest
              + ": a newer version wrote it. "
              + wayBack(path, newest));
    }
    List<String> done = new ArrayList<>();
    for (Migration migration : migrations) {
      if (migration.to() > version) {
        // One that is there was made before this step was cut off: what is here now is half done.
        Path before = kept(path, migration.to() - 1);
        if (!Files.exists(before)) {
          db.checkpoint(before);
        }
        // After the copy, which an older version must be able to open.
        db.addFamilies();
        migration.step().accept(db);
        stamp(db, migration.to());
        done.add("layout " + migration.to() + ": " + migration.what());
      }
    }
    db.addFamilies();
    return done.isEmpty() ? Change.NONE : new Change(done, Optional.of(kept(path, version)));
  }

  /** The layout that this version writes. */
  static int newest() {
    return newest(MIGRATIONS);
  }

  /**
   * For who only reads.
   *
   * @throws StorageException when the store is of another layout than {@link #newest}
   */
  static void requireNewest(RocksDatabase db, Path path) {
    byte[] found = db.get(RocksDatabase.Family.META, STAMP);
    int version = found == null ? 0 : parse(new String(found, UTF_8), path);
    if (version != newest()) {
      throw new StorageException(
          "the store "
              + path
              + " has layout "
              + version
              + ", this version of granary reads "
              + newest()
              + ": start the node once with it, which brings the store to that, or use the version"
              + " that wrote it");
    }
  }

  private static int newest(List<Migration> migrations) {
    return migrations.isEmpty() ? FIRST : migrations.getLast().to();
  }

  /** Where the store lies as it was before it left a layout. */
  private static Path kept(Path path, int version) {
    return path.resolveSibling(path.getFileName() + ".layout-" + version);
  }

  /** What to do about a store that a newer version wrote. */
  static String wayBack(Path path) {
    return wayBack(path, newest(MIGRATIONS));
  }

  private static String wayBack(Path path, int newest) {
    Path kept = kept(path, newest);
    return Files.isDirectory(kept)
        ? "Use that version; or, to go back to how it was before the upgrade, move it away and "
            + kept
            + " into its place"
        : "Use that version, or restore a backup from before the upgrade";
  }

  private static void stamp(RocksDatabase db, int version) {
    db.put(RocksDatabase.Family.META, STAMP, Integer.toString(version).getBytes(UTF_8));
  }

  private static int parse(String text, Path path) {
    if (!text.matches("[1-9][0-9]{0,8}")) {
      throw new StorageException(
          "the store " + path + " says its layout is '" + text + "': restore it from a backup");
    }
    return Integer.parseInt(text);
  }

  /** The stamp is the first that is ever written, so nothing else is there without it. */
  private static void requireNew(RocksDatabase db, Path path) {
    for (RocksDatabase.Family family : RocksDatabase.Family.values()) {
      db.scan(
          family,
          new byte[0],
          (key, value) -> {
            throw new StorageException(
                "the store " + path + " has entries but no layout: restore it from a backup");
          });
    }
  }

  /** Deals of version 1 had no end; the chain tells it when it is next asked. */
  private static void addEnds(RocksDatabase db) {
    Map<byte[], byte[]> changed = new LinkedHashMap<>();
    db.scan(
        RocksDatabase.Family.DEALS,
        new byte[0],
        (key, value) -> {
          if (DealCodec.isWithoutEnd(value)) {
            changed.put(key, DealCodec.encode(DealCodec.decodeWithoutEnd(value)));
          }
          return true;
        });
    db.write(
        batch -> {
          for (Map.Entry<byte[], byte[]> deal : changed.entrySet()) {
            batch.put(RocksDatabase.Family.DEALS, deal.getKey(), deal.getValue());
          }
        });
  }
}
