package io.granary.app.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.contracts.deploy.Deployment;
import io.granary.miner.MinerNode;
import io.granary.miner.admin.AdminClient;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.replica.Shelf;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.grpc.TlsFolder;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Backups of a miner's folder: the store, the settings, the market, the operator's encrypted keys
 * and the TLS identity. Never the password that opens the keys. Replicas are too large: each is
 * listed with its size and sealed root, so that a restore can say which are missing.
 */
public final class MinerBackup {
  /** Of {@link Manifest}; a later one is refused. */
  static final int FORMAT = 1;

  static final String MANIFEST = "backup.json";
  private static final String STORE = "db";

  /** Without these there is no miner. */
  private static final List<String> NEEDED =
      List.of(
          "deployment.json", MinerHome.OPERATOR, "tls-key.pem", "tls-cert.pem", MinerHome.SETTINGS);

  /** Keys of a rotation that was begun, and those before; ether may be left on the operator's. */
  private static final List<String> OPTIONAL =
      List.of(
          MinerHome.NEXT_OPERATOR,
          MinerHome.OLD_OPERATOR,
          "tls-next-key.pem",
          "tls-next-cert.pem",
          "tls-old-key.pem",
          "tls-old-cert.pem");

  /** What may be in a folder that a backup is restored into. */
  private static final List<String> MAY_BE_THERE = List.of("replicas", "uploads", "password");

  private static final ObjectMapper JSON = new ObjectMapper();

  private MinerBackup() {}

  /**
   * {@code backup.json}.
   *
   * @param format {@link #FORMAT}
   * @param version of the software that made it
   * @param at when it was made, ISO-8601
   * @param miner whose
   * @param chainId of the market's chain
   * @param market where its deals are
   * @param storeSchema version of the store
   * @param files number of files beside this one
   * @param bytes of them
   * @param replicas of the deals in the store, which are not in the backup
   */
  public record Manifest(
      int format,
      String version,
      String at,
      String miner,
      long chainId,
      String market,
      int storeSchema,
      int files,
      long bytes,
      List<Replica> replicas) {}

  /**
   * A replica that the store counts on.
   *
   * @param deal its deal
   * @param sealedRoot Merkle root of its bytes, hex
   * @param bytes size of its file; 0 when it was missing already
   */
  public record Replica(String deal, String sealedRoot, long bytes) {}

  // ---------------------------------------------------------------- making

  /**
   * Makes a backup, while the node runs or without it. It gets its name when it is whole.
   *
   * @param directory must not exist; its parent must
   * @param version of this software, for whoever restores it
   * @throws IOException when it exists, or anything cannot be read or written
   * @throws io.granary.miner.storage.StorageException when the store cannot be copied
   */
  public static Manifest create(MinerHome home, Path directory, String version) throws IOException {
    Path to = directory.toAbsolutePath().normalize();
    MinerSettings settings = home.settings();
    Deployment market = home.deployment();
    if (Files.exists(to, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException(to + " is there already; name a directory that does not exist yet");
    }
    if (to.startsWith(home.dir().toAbsolutePath().normalize())) {
      throw new IOException(
          to + " lies in the miner's folder; name one outside, best on another disk");
    }
    Path partial = partial(to);
    try {
      Path store = partial.resolve(STORE);
      if (!new AdminClient(home.dir()).copyStore(store)) {
        MinerNode.copyStore(home.dir(), store);
      }
      SigningDomain domain = new SigningDomain(market.chainId(), market.market());
      // Read from the copy: these are its deals, and it is known to open.
      List<StoredDeal> deals = MinerNode.storedDeals(store, domain, settings.id());
      removeLogs(store);
      copySmallFiles(home.dir(), partial);
      Manifest manifest =
          new Manifest(
              FORMAT,
              version,
              Instant.now().toString(),
              settings.miner(),
              market.chainId(),
              market.market().toString(),
              MinerNode.STORE_SCHEMA,
              Sums.filesBelow(partial).size(),
              Sums.bytesBelow(partial),
              replicas(home.dir(), deals));
      Files.write(
          partial.resolve(MANIFEST),
          JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(manifest));
      Sums.write(partial);
      Files.move(partial, to, StandardCopyOption.ATOMIC_MOVE);
      Sums.sync(to.resolveSibling(""));
      return manifest;
    } catch (IOException | RuntimeException e) {
      deleteAfter(e, partial);
      throw e;
    }
  }

  private static Path partial(Path to) throws IOException {
    Path partial = to.resolveSibling(to.getFileName() + ".partial");
    if (!Files.isDirectory(to.resolveSibling(""))) {
      throw new IOException(
          to.resolveSibling("") + " is no directory: make it first, or mount its disk");
    }
    try {
      // The TLS key in it has no password.
      return Files.createDirectory(
          partial,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (FileAlreadyExistsException e) {
      throw new IOException(
          partial + " is of a backup that still runs or was cut off; if none runs, delete it", e);
    }
  }

  /** RocksDB's own log of having opened the copy. */
  private static void removeLogs(Path store) throws IOException {
    try (Stream<Path> files = Files.list(store)) {
      for (Path file : files.toList()) {
        if (file.getFileName().toString().startsWith("LOG")) {
          Files.delete(file);
        }
      }
    }
  }

  private static void copySmallFiles(Path home, Path to) throws IOException {
    for (String name : NEEDED) {
      if (!Files.isRegularFile(home.resolve(name))) {
        throw new IOException(home.resolve(name) + " is missing: no node can start without it");
      }
      Files.copy(home.resolve(name), to.resolve(name), StandardCopyOption.COPY_ATTRIBUTES);
    }
    for (String name : OPTIONAL) {
      if (Files.exists(home.resolve(name))) {
        Files.copy(home.resolve(name), to.resolve(name), StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
    // The node may have changed its TLS key meanwhile: then key and certificate differ.
    new TlsFolder(to).all();
  }

  private static List<Replica> replicas(Path home, List<StoredDeal> deals) throws IOException {
    Shelf shelf = new Shelf(home);
    List<Replica> replicas = new ArrayList<>();
    for (StoredDeal deal : deals) {
      if (deal.hasReplica()) {
        Path file = shelf.files(deal.id()).replica();
        replicas.add(
            new Replica(
                deal.id().toString(),
                deal.sealedRoot().toString(),
                Files.exists(file) ? Files.size(file) : 0));
      }
    }
    return replicas;
  }

  // ---------------------------------------------------------------- restoring

  /**
   * Restores a backup into a folder that does not exist or has nothing but replicas, uploads and
   * the password. Everything is verified before anything is written.
   *
   * @return what the backup says
   * @throws IOException naming what is wrong with the backup or in the way
   */
  public static Manifest restore(Path directory, MinerHome home) throws IOException {
    Path backup = directory.toAbsolutePath().normalize();
    Manifest manifest = verified(backup);
    Path to = home.dir();
    requireEmpty(to);
    Files.createDirectories(to);
    Path staging =
        Files.createTempDirectory(
            to,
            "restoring-",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    try {
      for (var sum : Sums.read(backup).entrySet()) {
        if (!sum.getKey().equals(MANIFEST)) {
          Sums.copy(backup, sum.getKey(), sum.getValue(), staging);
        }
      }
      Sums.sync(staging.resolve(STORE));
      // The settings come last: until then the folder is no miner's, and no node starts in it.
      try (Stream<Path> files = Files.list(staging)) {
        for (Path file :
            files.sorted(Comparator.comparing(f -> f.endsWith(MinerHome.SETTINGS))).toList()) {
          Files.move(file, to.resolve(file.getFileName()), StandardCopyOption.ATOMIC_MOVE);
        }
      }
      Files.delete(staging);
      Sums.sync(to);
      return manifest;
    } catch (IOException | RuntimeException e) {
      deleteAfter(e, staging);
      throw e;
    }
  }

  /** Those of the backup's replicas that a folder lacks, or has in another size. */
  public static List<Replica> missing(Manifest manifest, MinerHome home) throws IOException {
    Shelf shelf = new Shelf(home.dir());
    List<Replica> missing = new ArrayList<>();
    for (Replica replica : manifest.replicas()) {
      Path file = shelf.files(DealId.parse(replica.deal())).replica();
      if (!Files.isRegularFile(file) || Files.size(file) != replica.bytes()) {
        missing.add(replica);
      }
    }
    return missing;
  }

  private static void requireEmpty(Path home) throws IOException {
    if (!Files.exists(home)) {
      return;
    }
    try (Stream<Path> there = Files.list(home)) {
      for (Path file : there.sorted().toList()) {
        if (!MAY_BE_THERE.contains(file.getFileName().toString())) {
          throw new IOException(
              file
                  + " is in the way: nothing is overwritten. Restore into a folder that has nothing but "
                  + String.join(", ", MAY_BE_THERE)
                  + "; move the rest away or name another folder with --miner-home");
        }
      }
    }
  }

  /**
   * Reads and checks a backup.
   *
   * @throws IOException naming what is missing, damaged, too much, or newer than this version
   */
  static Manifest verified(Path backup) throws IOException {
    Manifest manifest = manifest(backup);
    TreeMap<String, String> sums = Sums.read(backup);
    for (String name : NEEDED) {
      requireListed(backup, sums, name);
    }
    requireListed(backup, sums, MANIFEST);
    requireListed(backup, sums, STORE + "/CURRENT");
    for (String path : sums.keySet()) {
      if (!path.equals(MANIFEST)
          && !NEEDED.contains(path)
          && !OPTIONAL.contains(path)
          && !path.matches(STORE + "/[A-Za-z0-9._-]+")) {
        throw damaged(backup, Sums.FILE + " lists " + path + ", which no backup has");
      }
    }
    Sums.verify(backup, sums);
    if (manifest.files() != sums.size() - 1) {
      throw damaged(
          backup,
          MANIFEST + " counts " + manifest.files() + " files and there are " + (sums.size() - 1));
    }
    requireConsistent(backup, manifest);
    return manifest;
  }

  private static Manifest manifest(Path backup) throws IOException {
    Path file = backup.resolve(MANIFEST);
    if (!Files.isRegularFile(file)) {
      throw new IOException(
          backup
              + " is no backup, or only a part of one: "
              + MANIFEST
              + " is missing; name the folder that 'granary miner backup' made");
    }
    try {
      // Before anything else: a later format may have other files and sums.
      JsonNode tree = JSON.readTree(file.toFile());
      int format = tree.path("format").asInt();
      int schema = tree.path("storeSchema").asInt();
      if (format > FORMAT || schema > MinerNode.STORE_SCHEMA) {
        throw new IOException(
            backup
                + " was made by granary "
                + tree.path("version").asText()
                + " and is newer than this version can restore (backup format "
                + format
                + " of "
                + FORMAT
                + ", store schema "
                + schema
                + " of "
                + MinerNode.STORE_SCHEMA
                + "): restore it with the version that made it");
      }
      if (format < 1) {
        throw damaged(backup, MANIFEST + " says no format");
      }
      return JSON.treeToValue(tree, Manifest.class);
    } catch (JsonProcessingException e) {
      throw damaged(backup, MANIFEST + ": " + e.getOriginalMessage());
    }
  }

  private static void requireListed(Path backup, TreeMap<String, String> sums, String name)
      throws IOException {
    if (!sums.containsKey(name)) {
      throw damaged(backup, Sums.FILE + " does not list " + name);
    }
  }

  private static void requireConsistent(Path backup, Manifest manifest) throws IOException {
    MinerHome inside = new MinerHome(backup);
    Deployment market = inside.deployment();
    if (!inside.settings().miner().equals(manifest.miner())
        || market.chainId() != manifest.chainId()
        || !market.market().toString().equals(manifest.market())) {
      throw damaged(backup, MANIFEST + " names another miner or market than its other files");
    }
  }

  static IOException damaged(Path backup, String what) {
    return new IOException(
        "the backup " + backup + " is damaged: " + what + ". Nothing was written; take another");
  }

  // ---------------------------------------------------------------- cleaning up

  private static void deleteAfter(Exception failure, Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }
}
