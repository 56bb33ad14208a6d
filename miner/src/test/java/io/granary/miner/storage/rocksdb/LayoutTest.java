package io.granary.miner.storage.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.model.StoredDeal;
import io.granary.miner.storage.ProofStore;
import io.granary.miner.storage.StorageException;
import io.granary.miner.testing.ModelChain;
import io.granary.miner.testing.Samples;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.chain.Urgency;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TxHash;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;

/** Older directories open, newer ones are refused, and a step that is cut off is no loss. */
final class LayoutTest {
  private static final Address MINER = Address.parse("0x" + "ab".repeat(20));
  private static final Address OPERATOR = Address.parse("0x" + "cd".repeat(20));
  private static final byte[] STAMP = "schema".getBytes(UTF_8);
  private static final DealId DEAL = Samples.id(3);
  private static final SignedPeriodProof PROOF = Samples.proof(5, Samples.id(1), 77);

  private @TempDir Path dir;

  private Path fixture(String name) throws IOException {
    return fixture(name, "db");
  }

  private Path fixture(String name, String to) throws IOException {
    Path copy = dir.resolve(to);
    try (Stream<Path> files = Files.walk(Path.of("src/test/resources").resolve(name))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.createDirectories(copy);
        Files.copy(file, copy.resolve(file.getFileName().toString()));
      }
    }
    return copy;
  }

  private static RocksMinerStore open(Path path) {
    return RocksMinerStore.open(path, ModelChain.DOMAIN, MINER);
  }

  private static String stamp(Path path) {
    try (RocksDatabase db = RocksDatabase.open(path)) {
      return new String(db.get(RocksDatabase.Family.META, STAMP), UTF_8);
    }
  }

  private static void stamp(Path path, String text) {
    try (RocksDatabase db = RocksDatabase.open(path)) {
      db.put(RocksDatabase.Family.META, STAMP, text.getBytes(UTF_8));
    }
  }

  /** First bytes of the stored deals: the versions of their values. */
  private static List<Byte> versions(Path path) {
    List<Byte> found = new ArrayList<>();
    try (RocksDatabase db = RocksDatabase.open(path)) {
      db.scan(RocksDatabase.Family.DEALS, new byte[0], (k, v) -> found.add(v[0]));
    }
    return found;
  }

  @Test
  void a_directory_of_the_first_layout_is_brought_to_todays() throws IOException {
    Path path = fixture("store-v1");
    assertEquals(Set.of((byte) 1), Set.copyOf(versions(path)));
    assertEquals("1", stamp(path));
    try (RocksMinerStore store = open(path)) {
      assertEquals(List.of("layout 2: each deal has the period it ends in"), store.migrated());
      assertEquals(Optional.of(dir.resolve("db.layout-1")), store.kept());
      firstValues(store);
      // A family that the directory did not have.
      assertEquals(List.of(), store.transactions(OPERATOR).open());
    }
    assertEquals("2", stamp(path));
    assertEquals(Set.of((byte) 2), Set.copyOf(versions(path)));
    try (RocksMinerStore store = open(path)) {
      assertEquals(List.of(), store.migrated());
      assertEquals(Optional.empty(), store.kept());
      firstValues(store);
    }
  }

  @Test
  void the_store_as_it_was_is_kept_and_is_the_way_back() throws Exception {
    Path path = fixture("store-v1");
    fixture("store-v1", "untouched");
    Path kept;
    try (RocksMinerStore store = open(path)) {
      kept = store.kept().orElseThrow();
      store.uploads().advance(DEAL, 9);
    }
    assertEquals("1", stamp(kept));
    assertEquals(Set.of((byte) 1), Set.copyOf(versions(kept)));
    assertEquals(families(dir.resolve("untouched")), families(kept));
    // What the version before says of the newer store names the way back.
    StorageException refused =
        assertThrows(
            StorageException.class,
            () -> RocksMinerStore.open(path, ModelChain.DOMAIN, MINER, List.of()));
    assertTrue(
        refused.getMessage().contains("layout 2") && refused.getMessage().contains(kept.toString()),
        refused.getMessage());
    Files.move(path, dir.resolve("newer"));
    Files.move(kept, path);
    try (RocksMinerStore store = RocksMinerStore.open(path, ModelChain.DOMAIN, MINER, List.of())) {
      assertEquals(Optional.empty(), store.kept());
      assertEquals(0, store.uploads().offset(DEAL));
    }
  }

  @Test
  void a_step_that_was_done_but_not_stamped_runs_again() throws IOException {
    Path path = fixture("store-v1");
    open(path).close();
    stamp(path, "1");
    try (RocksMinerStore store = open(path)) {
      assertEquals(1, store.migrated().size());
      firstValues(store);
    }
  }

  @Test
  void a_step_that_is_cut_off_leaves_the_stamp_and_the_next_opening_goes_on() throws IOException {
    Path path = fixture("store-v1");
    byte[] key = "half".getBytes(UTF_8);
    List<Integer> ran = new ArrayList<>();
    boolean[] power = {false};
    List<Layout.Migration> way =
        List.of(
            Layout.MIGRATIONS.getFirst(),
            new Layout.Migration(
                3,
                "third",
                db -> {
                  ran.add(3);
                  db.put(RocksDatabase.Family.META, key, key);
                  if (!power[0]) {
                    throw new StorageException("the power went");
                  }
                }),
            new Layout.Migration(4, "fourth", db -> ran.add(4)));
    assertThrows(
        StorageException.class, () -> RocksMinerStore.open(path, ModelChain.DOMAIN, MINER, way));
    assertEquals("2", stamp(path));
    assertEquals("1", stamp(dir.resolve("db.layout-1")));
    power[0] = true;
    try (RocksMinerStore store = RocksMinerStore.open(path, ModelChain.DOMAIN, MINER, way)) {
      assertEquals(List.of("layout 3: third", "layout 4: fourth"), store.migrated());
      firstValues(store);
    }
    assertEquals(List.of(3, 3, 4), ran);
    assertEquals("4", stamp(path));
    // Copied before the step was tried for the first time, so nothing of it is there.
    try (RocksDatabase kept = RocksDatabase.open(dir.resolve("db.layout-2"))) {
      assertEquals("2", new String(kept.get(RocksDatabase.Family.META, STAMP), UTF_8));
      assertEquals(null, kept.get(RocksDatabase.Family.META, key));
    }
  }

  @Test
  void a_newer_layout_is_refused_and_left_alone() throws IOException {
    Path path = fixture("store-v1");
    stamp(path, "99");
    StorageException refused = assertThrows(StorageException.class, () -> open(path));
    assertTrue(
        refused.getMessage().contains("layout 99")
            && refused.getMessage().contains("up to 2")
            && refused.getMessage().contains("backup"),
        refused.getMessage());
    assertEquals("99", stamp(path));
    assertEquals(Set.of((byte) 1), Set.copyOf(versions(path)));
    for (String wrong : List.of("", "-1", "0", "1.5", "9999999999", "two")) {
      stamp(path, wrong);
      assertTrue(
          assertThrows(StorageException.class, () -> open(path))
              .getMessage()
              .contains("'" + wrong + "'"));
    }
  }

  @Test
  void somebody_elses_store_is_refused_before_it_is_changed() throws IOException {
    Path path = fixture("store-v1");
    assertThrows(
        StorageException.class,
        () -> RocksMinerStore.open(path, new SigningDomain(5, ModelChain.DOMAIN.market()), MINER));
    assertEquals("1", stamp(path));
    assertEquals(Set.of((byte) 1), Set.copyOf(versions(path)));
  }

  @Test
  void a_family_of_a_newer_version_is_named() throws Exception {
    Path path = fixture("store-v1");
    addFamily(path, "from_the_future");
    StorageException refused = assertThrows(StorageException.class, () -> open(path));
    assertTrue(refused.getMessage().contains("from_the_future"), refused.getMessage());
    // It can be backed up all the same, whole.
    Path copy = dir.resolve("copy");
    RocksMinerStore.copy(path, copy);
    assertTrue(
        assertThrows(StorageException.class, () -> open(copy))
            .getMessage()
            .contains("from_the_future"));
  }

  private static List<String> families(Path path) throws RocksDBException {
    try (Options options = new Options()) {
      return RocksDB.listColumnFamilies(options, path.toString()).stream()
          .map(label -> new String(label, UTF_8))
          .toList();
    }
  }

  private static void addFamily(Path path, String name) throws RocksDBException {
    List<byte[]> labels = families(path).stream().map(label -> label.getBytes(UTF_8)).toList();
    List<ColumnFamilyHandle> handles = new ArrayList<>();
    try (RocksDB db =
        RocksDB.open(
            path.toString(), labels.stream().map(ColumnFamilyDescriptor::new).toList(), handles)) {
      handles.add(db.createColumnFamily(new ColumnFamilyDescriptor(name.getBytes(UTF_8))));
      handles.forEach(ColumnFamilyHandle::close);
    }
  }

  @Test
  void entries_without_a_stamp_are_damage_and_no_new_store() throws IOException {
    Path path = fixture("store-v1");
    try (RocksDatabase db = RocksDatabase.open(path)) {
      db.delete(RocksDatabase.Family.META, STAMP);
    }
    assertTrue(
        assertThrows(StorageException.class, () -> open(path)).getMessage().contains("no layout"));
  }

  @Test
  void a_copy_of_an_old_store_stays_old_and_one_in_use_is_not_copied() throws IOException {
    Path path = fixture("store-v1");
    Path copy = dir.resolve("copy");
    RocksMinerStore.copy(path, copy);
    assertEquals("1", stamp(copy));
    try (RocksMinerStore store = open(copy)) {
      firstValues(store);
      assertThrows(StorageException.class, () -> RocksMinerStore.copy(copy, dir.resolve("second")));
      assertFalse(Files.exists(dir.resolve("second")));
      store.checkpoint(dir.resolve("third"));
      // Neither is written over.
      assertThrows(StorageException.class, () -> store.checkpoint(dir.resolve("third")));
      store.uploads().advance(DEAL, 9);
    }
    try (RocksMinerStore store = open(dir.resolve("third"))) {
      firstValues(store);
      assertEquals(0, store.uploads().offset(DEAL));
    }
    StorageException none =
        assertThrows(
            StorageException.class,
            () -> RocksMinerStore.copy(dir.resolve("nowhere"), dir.resolve("fourth")));
    assertTrue(none.getMessage().contains("there is no store"), none.getMessage());
    assertFalse(Files.exists(dir.resolve("nowhere")));
  }

  /** The directory was written by layout 2: {@link #values}. It is never written again. */
  @Test
  void a_directory_of_layout_two_opens() throws IOException {
    try (RocksMinerStore store = open(fixture("store-v2"))) {
      assertEquals(List.of(), store.migrated());
      values(store, false);
    }
  }

  /** What a directory of layout 1 holds, which {@code store-v1} was made by. */
  private static void firstValues(RocksMinerStore store) {
    List<StoredDeal> deals =
        Stream.of(DealStage.values())
            .filter(s -> s != DealStage.SEALING)
            .map(s -> Samples.deal(s.ordinal(), new RawSize(1 + s.ordinal())).over(s, s.name()))
            .toList();
    assertEquals(Set.copyOf(deals), Set.copyOf(store.deals().all()));
    assertEquals(8 << 20, store.uploads().offset(Samples.id(0)));
    assertEquals(
        List.of(new ProofStore.Key(PROOF.proof().dealId(), PROOF.proof().period())),
        store.proofs().outbox(id -> true, 10));
  }

  /** What {@code store-v2} holds; written to make it, read to check it. */
  private static void values(RocksMinerStore store, boolean write) {
    List<StoredDeal> deals =
        Stream.of(DealStage.values())
            .filter(s -> s != DealStage.SEALING)
            .map(s -> Samples.deal(s.ordinal(), new RawSize(1 + s.ordinal())).over(s, s.name()))
            .map(d -> d.endingAt(new Period(1000 + d.stage().ordinal())))
            .toList();
    TransactionJournal.Entry sent =
        new TransactionJournal.Entry(
            7,
            Optional.of(MINER),
            new byte[] {1, 2, 3},
            BigInteger.ONE,
            BigInteger.valueOf(100_000),
            Urgency.by(new BlockNumber(90), BigInteger.TEN),
            new BlockNumber(80),
            Instant.ofEpochMilli(1_700_000_000_000L),
            List.of(
                new TransactionJournal.Signed(
                    TxHash.parse("0x" + "11".repeat(32)),
                    new byte[] {4, 5},
                    BigInteger.TWO,
                    BigInteger.TEN,
                    false)));
    if (write) {
      deals.forEach(store.deals()::put);
      store.uploads().advance(Samples.id(0), 8 << 20);
      store.proofs().put(List.of(PROOF), true);
      store.transactions(OPERATOR).put(sent);
    }
    assertEquals(Set.copyOf(deals), Set.copyOf(store.deals().all()));
    assertEquals(8 << 20, store.uploads().offset(Samples.id(0)));
    assertEquals(
        List.of(new ProofStore.Key(PROOF.proof().dealId(), PROOF.proof().period())),
        store.proofs().outbox(id -> true, 10));
    List<TransactionJournal.Entry> open = store.transactions(OPERATOR).open();
    assertEquals(1, open.size());
    // The entry has byte arrays, so its encoding is what can be compared.
    assertArrayEquals(RocksTransactions.encode(sent), RocksTransactions.encode(open.getFirst()));
  }

  /** Makes the fixture of a new layout. */
  static final class MakeFixture {
    private MakeFixture() {}

    /** The directory to make. */
    public static void main(String[] args) {
      // Opening it again moves the log into tables, so that the fixture has both.
      for (int i = 0; i < 2; i++) {
        try (RocksMinerStore store = open(Path.of(args[0]))) {
          values(store, true);
        }
      }
    }
  }
}
