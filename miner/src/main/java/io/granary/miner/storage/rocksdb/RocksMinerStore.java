package io.granary.miner.storage.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.granary.miner.storage.DealStore;
import io.granary.miner.storage.MinerStore;
import io.granary.miner.storage.ProofStore;
import io.granary.miner.storage.SealingStore;
import io.granary.miner.storage.StorageException;
import io.granary.miner.storage.UploadStore;
import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.values.Address;
import java.nio.file.Path;

/** The miner's repositories in one RocksDB. */
public final class RocksMinerStore implements MinerStore {
  /** Version of the column families and of their keys; each value has a version of its own. */
  static final int SCHEMA = 1;

  private static final byte[] SCHEMA_KEY = "schema".getBytes(UTF_8);
  private static final byte[] OWNER_KEY = "owner".getBytes(UTF_8);

  private final RocksDatabase db;
  private final DealStore deals;
  private final UploadStore uploads;
  private final SealingStore sealings;
  private final ProofStore proofs;
  private final TransactionJournal transactions;

  private RocksMinerStore(RocksDatabase db) {
    this.db = db;
    this.deals = new RocksDeals(db);
    this.uploads = new RocksUploads(db);
    this.sealings = new RocksSealings(db);
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
      stamp(
          db,
          SCHEMA_KEY,
          Integer.toString(SCHEMA),
          path,
          "the version of the software that wrote it");
      String owner = "chain " + domain.chainId() + " market " + domain.market() + " miner " + miner;
      stamp(db, OWNER_KEY, owner, path, "another home directory for this miner and market");
      return new RocksMinerStore(db);
    } catch (RuntimeException e) {
      db.close();
      throw e;
    }
  }

  private static void stamp(RocksDatabase db, byte[] key, String wanted, Path path, String remedy) {
    byte[] found = db.get(RocksDatabase.Family.META, key);
    if (found == null) {
      db.put(RocksDatabase.Family.META, key, wanted.getBytes(UTF_8));
    } else if (!new String(found, UTF_8).equals(wanted)) {
      throw new StorageException(
          "the store "
              + path
              + " says "
              + new String(key, UTF_8)
              + " '"
              + new String(found, UTF_8)
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
  public SealingStore sealings() {
    return sealings;
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
  public void close() {
    db.close();
  }
}
