package io.granary.miner.storage.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.granary.miner.model.StoredDeal;
import io.granary.miner.storage.DealStore;
import io.granary.miner.storage.MinerStore;
import io.granary.miner.storage.ProofStore;
import io.granary.miner.storage.StorageException;
import io.granary.miner.storage.UploadStore;
import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.values.Address;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The miner's repositories in one RocksDB. */
public final class RocksMinerStore implements MinerStore {
  /** Version of the column families and of their keys; each value has a version of its own. */
  public static final int SCHEMA = 1;

  private static final byte[] SCHEMA_KEY = "schema".getBytes(UTF_8);
  private static final byte[] OWNER_KEY = "owner".getBytes(UTF_8);

  private final RocksDatabase db;
  private final DealStore deals;
  private final UploadStore uploads;
  private final ProofStore proofs;
  private final TransactionJournal transactions;

  private RocksMinerStore(RocksDatabase db) {
    this.db = db;
    this.deals = new RocksDeals(db);
    this.uploads = new RocksUploads(db);
    this.proofs = new RocksProofs(db);
    this.transactions = new RocksTransactions(db);
  }

  /**
   * Opens or creates a store, which from then on belongs to that miner at that market.
   *
   * @throws StorageException when another process has it open, it is of another version, or of
   *     another miner or market
   */
  public static RocksMinerStore open(Path path, SigningDomain domain, Address miner) {
    RocksDatabase db = RocksDatabase.open(path);
    try {
      if (db.get(RocksDatabase.Family.META, SCHEMA_KEY) == null) {
        db.put(RocksDatabase.Family.META, SCHEMA_KEY, schema().getBytes(UTF_8));
      }
      if (db.get(RocksDatabase.Family.META, OWNER_KEY) == null) {
        db.put(RocksDatabase.Family.META, OWNER_KEY, owner(domain, miner).getBytes(UTF_8));
      }
      requireStamps(db, path, domain, miner);
      return new RocksMinerStore(db);
    } catch (RuntimeException e) {
      db.close();
      throw e;
    }
  }

  /**
   * Copies a store that no process has open, whatever its version and its owner.
   *
   * @param directory made by this; must not exist
   * @throws StorageException when there is no store, another process has it open, or the copy
   *     cannot be written
   */
  public static void copy(Path path, Path directory) {
    // RocksDB would make one.
    if (!Files.isRegularFile(path.resolve("CURRENT"))) {
      throw new StorageException(
          "there is no store in " + path + ": the miner has not run yet, or it lies elsewhere");
    }
    try (RocksDatabase db = RocksDatabase.open(path)) {
      db.copyTo(directory);
    }
  }

  /**
   * The deals of a copy, which is only read.
   *
   * @throws StorageException when it is damaged, of another version, or of another miner or market
   */
  public static List<StoredDeal> dealsOf(Path copy, SigningDomain domain, Address miner) {
    try (RocksDatabase db = RocksDatabase.openToRead(copy)) {
      requireStamps(db, copy, domain, miner);
      return new RocksDeals(db).all();
    }
  }

  private static String schema() {
    return Integer.toString(SCHEMA);
  }

  private static String owner(SigningDomain domain, Address miner) {
    return "chain " + domain.chainId() + " market " + domain.market() + " miner " + miner;
  }

  private static void requireStamps(
      RocksDatabase db, Path path, SigningDomain domain, Address miner) {
    requireStamp(db, SCHEMA_KEY, schema(), path, "the version of the software that wrote it");
    requireStamp(
        db,
        OWNER_KEY,
        owner(domain, miner),
        path,
        "another home directory for this miner and market");
  }

  private static void requireStamp(
      RocksDatabase db, byte[] key, String wanted, Path path, String remedy) {
    byte[] stamp = db.get(RocksDatabase.Family.META, key);
    String found = stamp == null ? "" : new String(stamp, UTF_8);
    if (!found.equals(wanted)) {
      throw new StorageException(
          "the store "
              + path
              + " says "
              + new String(key, UTF_8)
              + " '"
              + found
              + "', this node wants '"
              + wanted
              + "'; use "
              + remedy);
    }
  }

  @Override
  public DealStore deals() {
    return deals;
  }

  @Override
  public UploadStore uploads() {
    return uploads;
  }

  @Override
  public ProofStore proofs() {
    return proofs;
  }

  @Override
  public TransactionJournal transactions() {
    return transactions;
  }

  @Override
  public void copyTo(Path directory) {
    db.copyTo(directory);
  }

  @Override
  public void close() {
    db.close();
  }
}
