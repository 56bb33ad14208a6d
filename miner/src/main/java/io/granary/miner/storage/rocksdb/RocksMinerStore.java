package io.granary.miner.storage.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.granary.miner.model.StoredDeal;
import io.granary.miner.storage.DealStore;
import io.granary.miner.storage.MinerStore;
import io.granary.miner.storage.ProofStore;
import io.granary.miner.storage.SealingStore;
import io.granary.miner.storage.StorageException;
import io.granary.miner.storage.UploadStore;
import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.chain.TxCost;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.values.Address;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** The miner's repositories in one RocksDB. */
public final class RocksMinerStore implements MinerStore {
  /** Version of the column families and of their keys; each value has a version of its own. */
  public static final int LAYOUT = Layout.newest();

  private static final int READ_TRIES = 3;

  private static final byte[] OWNER_KEY = "owner".getBytes(UTF_8);

  private final RocksDatabase db;
  private final DealStore deals;
  private final UploadStore uploads;
  private final SealingStore sealings;
  private final ProofStore proofs;
  private final Layout.Change change;

  private RocksMinerStore(RocksDatabase db, Layout.Change change) {
    this.db = db;
    this.change = change;
    this.deals = new RocksDeals(db);
    this.uploads = new RocksUploads(db);
    this.sealings = new RocksSealings(db);
    this.proofs = new RocksProofs(db);
  }

  /**
   * Opens or creates a store, which from then on belongs to that miner at that market. An older
   * layout is brought to today's, and kept as it was beside it.
   *
   * @throws StorageException when another process has it open, a newer version wrote it, or it is
   *     of another miner or market
   */
  public static RocksMinerStore open(Path path, SigningDomain domain, Address miner) {
    return open(path, domain, miner, Layout.MIGRATIONS);
  }

  static RocksMinerStore open(
      Path path, SigningDomain domain, Address miner, List<Layout.Migration> migrations) {
    RocksDatabase db = RocksDatabase.open(path);
    try {
      String owner = owner(domain, miner);
      // First, so that nobody else's store is changed.
      boolean isNew = !belongsTo(db, owner, path);
      Layout.Change change = Layout.bringUpToDate(db, path, migrations);
      if (isNew) {
        db.put(RocksDatabase.Family.META, OWNER_KEY, owner.getBytes(UTF_8));
      }
      return new RocksMinerStore(db, change);
    } catch (RuntimeException e) {
      db.close();
      throw e;
    }
  }

  /**
   * What a miner's transactions cost so far, as its store says, which the running node may have
   * open.
   *
   * @throws StorageException when there is no store of this version, or it cannot be read
   */
  public static List<TxCost> readCosts(Path path) {
    StorageException last = null;
    for (int i = 0; i < READ_TRIES; i++) {
      try (RocksDatabase db = RocksDatabase.openToRead(path)) {
        Layout.requireNewest(db, path);
        return RocksTransactions.costs(db);
      } catch (StorageException e) {
        // The node may just have replaced a file that was about to be read.
        last = e;
      }
    }
    throw Objects.requireNonNull(last);
  }

  /**
   * Copies a store that no process has open, in whatever layout it is.
   *
   * @param directory made by this; must not exist
   * @throws StorageException when there is no store, it is in use, or the copy cannot be written
   */
  public static void copy(Path store, Path directory) {
    try (RocksDatabase db = RocksDatabase.openAsItIs(store)) {
      db.checkpoint(directory);
    }
  }

  /**
   * The deals of a copy, which is only read.
   *
   * @throws StorageException when it is damaged, of another layout, or of another miner or market
   */
  public static List<StoredDeal> dealsOf(Path copy, SigningDomain domain, Address miner) {
    try (RocksDatabase db = RocksDatabase.openToRead(copy)) {
      Layout.requireNewest(db, copy);
      belongsTo(db, owner(domain, miner), copy);
      return new RocksDeals(db).all();
    }
  }

  private static String owner(SigningDomain domain, Address miner) {
    return "chain " + domain.chainId() + " market " + domain.market() + " miner " + miner;
  }

  /** False when it says nothing yet. */
  private static boolean belongsTo(RocksDatabase db, String owner, Path path) {
    byte[] found = db.get(RocksDatabase.Family.META, OWNER_KEY);
    if (found != null && !new String(found, UTF_8).equals(owner)) {
      throw new StorageException(
          "the store "
              + path
              + " is of '"
              + new String(found, UTF_8)
              + "', this node is '"
              + owner
              + "'; use another home directory for this miner and market");
    }
    return found != null;
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
  public SealingStore sealings() {
    return sealings;
  }

  @Override
  public ProofStore proofs() {
    return proofs;
  }

  @Override
  public TransactionJournal transactions(Address sender) {
    return new RocksTransactions(db, sender);
  }

  @Override
  public List<String> migrated() {
    return change.steps();
  }

  @Override
  public Optional<Path> kept() {
    return change.kept();
  }

  @Override
  public void checkpoint(Path directory) {
    db.checkpoint(directory);
  }

  @Override
  public void close() {
    db.close();
  }
}
