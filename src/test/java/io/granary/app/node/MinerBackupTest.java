package io.granary.app.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.contracts.deploy.Deployment;
import io.granary.contracts.keys.Keystores;
import io.granary.miner.MinerNode;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.storage.MinerStore;
import io.granary.miner.storage.StorageException;
import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.chain.Urgency;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.grpc.TlsIdentity;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a backup has and has not, and each way in which it is refused. */
class MinerBackupTest {
  private static final Address MINER = Address.parse("0x" + "11".repeat(20));
  private static final Address OPERATOR = Address.parse("0x" + "cd".repeat(20));
  private static final Address MARKET = Address.parse("0x" + "22".repeat(20));
  private static final SigningDomain DOMAIN = new SigningDomain(31_337, MARKET);

  @TempDir Path dir;
  private MinerHome home;
  private Path backup;
  private MinerHome fresh;
  private StoredDeal kept;
  private StoredDeal lost;

  @BeforeEach
  void makeAMiner() throws IOException {
    home = new MinerHome(dir.resolve("miner"));
    backup = dir.resolve("backup");
    fresh = new MinerHome(dir.resolve("fresh"));
    home.create(
        MinerSettings.of(MINER.toString(), "127.0.0.1:1", "127.0.0.1:1", 1 << 20, 5, 6),
        new Deployment(
            URI.create("http://127.0.0.1:1"),
            31_337,
            MARKET,
            MARKET,
            MARKET,
            MARKET,
            Optional.empty(),
            1),
        "secret",
        Keystores.Strength.LIGHT);
    Files.writeString(home.dir().resolve("password"), "secret");
    Files.writeString(home.dir().resolve("status.json"), "{}");
    Files.writeString(home.dir().resolve("operator-old.json"), "an older key");
    home.tlsKeys().makeNext();
    kept = deal(1);
    lost = deal(2);
    Files.createDirectories(home.dir().resolve("replicas"));
    Files.write(replica(home, kept), new byte[300]);
    Files.write(replica(home, lost), new byte[300]);
    try (MinerStore store = open(home)) {
      store.deals().put(kept);
      store.deals().put(lost);
      store.deals().put(deal(3).at(DealStage.ACCEPTED));
      store
          .transactions(OPERATOR)
          .put(
              new TransactionJournal.Entry(
                  7,
                  Optional.of(MARKET),
                  new byte[] {1},
                  BigInteger.ZERO,
                  BigInteger.TEN,
                  Urgency.none(),
                  new BlockNumber(5),
                  Instant.ofEpochMilli(6),
                  List.of()));
    }
  }

  private static MinerStore open(MinerHome home) throws IOException {
    return MinerNode.openStore(home.settings().config(home.dir()), DOMAIN, MINER);
  }

  private static Path replica(MinerHome home, StoredDeal deal) {
    return home.dir().resolve("replicas").resolve(deal.id().hash().toHex() + ".replica");
  }

  private static StoredDeal deal(int salt) {
    EthKey client = EthKey.of(Sha256.hash(new byte[] {1}).bytes());
    DealProposal terms =
        new DealProposal(
            client.address(),
            MINER,
            client.address(),
            Hash32.of(new byte[32]),
            new RawSize(254),
            1,
            10,
            TokenAmount.of(1_000_000),
            TokenAmount.of(1_000_000),
            new BlockNumber(1_000),
            new BlockNumber(1_100),
            Hash32.ZERO,
            Sha256.hash(new byte[] {(byte) salt}));
    DealId id = Eip712.dealId(DOMAIN, terms);
    return StoredDeal.accepted(
            id, new SignedProposal(terms, client.sign(id.hash())), Instant.ofEpochMilli(1))
        .sealed(Sha256.hash(new byte[] {2, (byte) salt}));
  }

  private MinerBackup.Manifest create() throws IOException {
    return MinerBackup.create(home, backup, "1.2.3");
  }

  private String refusal() {
    IOException e = assertThrows(IOException.class, () -> MinerBackup.restore(backup, fresh));
    assertFalse(Files.exists(fresh.dir()), "nothing was written");
    return String.valueOf(e.getMessage());
  }

  private void change(String file, String from, String to) throws IOException {
    Path path = backup.resolve(file);
    String text = Files.readString(path);
    assertTrue(text.contains(from), text);
    Files.writeString(path, text.replace(from, to));
  }

  @Test
  void what_was_backed_up_is_restored_and_what_is_missing_is_told() throws IOException {
    MinerBackup.Manifest made = create();
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(backup)));
    assertEquals(2, made.replicas().size());
    assertFalse(Files.exists(dir.resolve("backup.partial")));
    for (String left : List.of("password", "status.json", "replicas", "db/LOG", "db/LOCK")) {
      assertFalse(Files.exists(backup.resolve(left)), left);
    }

    Files.createDirectories(fresh.dir().resolve("replicas"));
    Files.write(replica(fresh, kept), new byte[300]);
    Files.writeString(fresh.dir().resolve("password"), "secret");
    MinerBackup.Manifest restored = MinerBackup.restore(backup, fresh);
    assertEquals(made, restored);
    assertEquals(
        List.of(new MinerBackup.Replica(lost.id().toString(), lost.sealedRoot().toString(), 300)),
        MinerBackup.missing(restored, fresh));
    assertEquals(home.settings(), fresh.settings());
    assertEquals(home.deployment(), fresh.deployment());
    assertEquals(
        home.operator(Optional.empty()).address(), fresh.operator(Optional.empty()).address());
    assertEquals(
        home.tlsKeys().all().stream().map(TlsIdentity::tlsKeyHash).toList(),
        fresh.tlsKeys().all().stream().map(TlsIdentity::tlsKeyHash).toList());
    assertTrue(fresh.tlsKeys().hasNext());
    assertEquals("an older key", Files.readString(fresh.dir().resolve("operator-old.json")));
    assertEquals(
        "rw-------",
        PosixFilePermissions.toString(
            Files.getPosixFilePermissions(fresh.dir().resolve("tls-key.pem"))));
    try (MinerStore store = open(fresh)) {
      assertEquals(3, store.deals().all().size());
      assertEquals(7, store.transactions(OPERATOR).open().getFirst().nonce());
    }
  }

  @Test
  void nothing_is_overwritten() throws IOException {
    create();
    IOException twice = assertThrows(IOException.class, this::create);
    assertTrue(twice.getMessage().contains("is there already"), twice::getMessage);
    IOException full = assertThrows(IOException.class, () -> MinerBackup.restore(backup, home));
    assertTrue(full.getMessage().contains("is in the way"), full::getMessage);
    Files.createDirectories(fresh.dir());
    Files.writeString(fresh.dir().resolve("notes.txt"), "mine");
    IOException foreign = assertThrows(IOException.class, () -> MinerBackup.restore(backup, fresh));
    assertTrue(foreign.getMessage().contains("notes.txt"), foreign::getMessage);
  }

  @Test
  void a_backup_that_fails_leaves_nothing_and_one_that_was_cut_off_is_named() throws IOException {
    IOException inside =
        assertThrows(
            IOException.class,
            () -> MinerBackup.create(home, home.dir().resolve("backup"), "1.2.3"));
    assertTrue(inside.getMessage().contains("in the miner's folder"), inside::getMessage);
    IOException unmounted =
        assertThrows(
            IOException.class, () -> MinerBackup.create(home, dir.resolve("disk/b"), "1.2.3"));
    assertTrue(unmounted.getMessage().contains("mount"), unmounted::getMessage);
    // A process that does not listen, or an older one, has the store.
    MinerStore store = open(home);
    assertThrows(StorageException.class, this::create);
    store.close();
    Files.move(home.dir().resolve("tls-key.pem"), dir.resolve("tls-key.pem"));
    IOException keyless = assertThrows(IOException.class, this::create);
    assertTrue(keyless.getMessage().contains("tls-key.pem is missing"), keyless::getMessage);
    Files.move(dir.resolve("tls-key.pem"), home.dir().resolve("tls-key.pem"));
    assertFalse(Files.exists(dir.resolve("backup.partial")));

    Files.createDirectories(dir.resolve("backup.partial"));
    IOException cut = assertThrows(IOException.class, this::create);
    assertTrue(cut.getMessage().contains("cut off"), cut::getMessage);
    assertTrue(refusal().contains("is no backup"), "there is none");
    Files.delete(dir.resolve("backup.partial"));
    create();
  }

  @Test
  void a_byte_that_differs_is_found_wherever_it_is() throws IOException {
    create();
    for (String file : Sums.filesBelow(backup)) {
      Path path = backup.resolve(file);
      byte[] before = Files.readAllBytes(path);
      if (before.length > 0) {
        byte[] after = before.clone();
        after[after.length / 2] ^= 1;
        Files.write(path, after);
        String refusal = refusal();
        assertTrue(refusal.contains("damaged"), refusal);
        assertTrue(file.equals(Sums.FILE) || refusal.contains(file), file + ": " + refusal);
      }
      Files.delete(path);
      refusal();
      Files.write(path, before);
    }
    MinerBackup.restore(backup, fresh);
  }

  @Test
  void a_part_of_a_backup_a_newer_one_and_one_with_more_in_it_are_refused_by_name()
      throws IOException {
    create();
    Files.writeString(backup.resolve("db/more.sst"), "?");
    assertTrue(refusal().contains("db/more.sst is there"), "an extra file");
    Files.delete(backup.resolve("db/more.sst"));

    // A file that went together with its sum.
    String sums = Files.readString(backup.resolve(Sums.FILE));
    Path old = backup.resolve("operator-old.json");
    Files.delete(old);
    Files.writeString(
        backup.resolve(Sums.FILE), sums.replaceFirst("[0-9a-f]{64}  operator-old.json\n", ""));
    assertTrue(refusal().contains("counts"), "a file less");
    Files.writeString(old, "an older key");
    Files.writeString(backup.resolve(Sums.FILE), sums + "00  ../outside\n");
    assertTrue(refusal().contains("no sum"), "not a sum");
    Files.writeString(backup.resolve(Sums.FILE), sums + "0".repeat(64) + "  ../outside\n");
    assertTrue(refusal().contains("../outside, which no backup has"), "outside");
    Files.writeString(backup.resolve(Sums.FILE), sums);

    String manifest = Files.readString(backup.resolve(MinerBackup.MANIFEST));
    change(MinerBackup.MANIFEST, "\"format\" : 1", "\"format\" : 2");
    String newer = refusal();
    assertTrue(newer.contains("granary 1.2.3") && newer.contains("newer"), newer);
    Files.writeString(backup.resolve(MinerBackup.MANIFEST), manifest);
    change(MinerBackup.MANIFEST, "\"storeSchema\" : ", "\"storeSchema\" : 9");
    assertTrue(refusal().contains("newer"), "a newer store");
    Files.writeString(backup.resolve(MinerBackup.MANIFEST), "{");
    assertTrue(refusal().contains("damaged"), "not a manifest");
    Files.writeString(backup.resolve(MinerBackup.MANIFEST), "{}");
    assertTrue(refusal().contains("says no format"), "an empty manifest");
  }
}
