package io.granary.app.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.miner.MinerNode;
import io.granary.proofs.Sha256;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Copies of a miner's folder: store, settings, market, the operator's encrypted key and the TLS
 * identity. Replicas and staged pieces are too large; they are listed. The password is never in it.
 */
public final class MinerBackup {
  /**
   * {@code backup.json}, written last: a folder without it is no backup.
   *
   * @param format of this file
   * @param at when it was made, ISO-8601
   * @param miner whose
   * @param files what is in the backup
   * @param replicas finished files of deals, which are not in it
   * @param uploads staged pieces, which are not in it
   */
  public record Manifest(
      int format,
      String at,
      String miner,
      List<Item> files,
      List<Item> replicas,
      List<Item> uploads) {}

  /**
   * One file.
   *
   * @param path relative, with slashes
   * @param bytes its size
   * @param sha256 hex; empty for what is only listed
   */
  public record Item(String path, long bytes, String sha256) {}

  private static final String MANIFEST = "backup.json";
  private static final int FORMAT = 1;
  private static final String STORE = "db";
  private static final String SETTINGS = "miner.json";

  /** Without these there is no miner. */
  private static final List<String> NEEDED =
      List.of("deployment.json", "operator.json", "tls-key.pem", "tls-cert.pem", SETTINGS);

  private static final ObjectMapper JSON = new ObjectMapper();

  private MinerBackup() {}

  /**
   * Makes a backup, while the node runs or without it.
   *
   * @param directory must not exist, or be empty
   * @throws IOException when it holds something, or anything cannot be read or written
   */
  public static Manifest create(MinerHome home, Path directory) throws IOException {
    String miner = home.settings().miner();
    Path to = directory.toAbsolutePath().normalize();
    if (to.startsWith(home.dir().toAbsolutePath().normalize().resolve(STORE))) {
      throw new IOException(to + " lies in the store itself; choose another directory");
    }
    makeEmpty(to);
    if (!new AdminClient(home.dir()).checkpoint(to.resolve(STORE))) {
      MinerNode.copyStore(home.dir(), to.resolve(STORE));
    }
    for (String name : NEEDED) {
      copy(home.dir().resolve(name), to.resolve(name));
    }
    List<Item> files = new ArrayList<>();
    for (Path file : filesBelow(to)) {
      files.add(item(to, file, hash(file)));
    }
    Manifest manifest =
        new Manifest(
            FORMAT,
            Instant.now().toString(),
            miner,
            files,
            listed(home.dir(), "replicas"),
            listed(home.dir(), "uploads"));
    Path next = to.resolve(MANIFEST + ".new");
    Files.write(next, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(manifest));
    sync(next);
    Files.move(next, to.resolve(MANIFEST), StandardCopyOption.ATOMIC_MOVE);
    sync(to);
    return manifest;
  }

  private static void makeEmpty(Path directory) throws IOException {
    Files.createDirectories(directory);
    try (Stream<Path> there = Files.list(directory)) {
      if (there.findAny().isPresent()) {
        throw new IOException(
            directory + " is not empty; a backup goes into a new directory of its own");
      }
    }
    // It holds the TLS key, which no password protects.
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
  }

  private static List<Item> listed(Path home, String folder) throws IOException {
    List<Item> items = new ArrayList<>();
    if (Files.isDirectory(home.resolve(folder))) {
      for (Path file : filesBelow(home.resolve(folder))) {
        if (!file.getFileName().toString().endsWith(".tmp")) {
          items.add(item(home, file, ""));
        }
      }
    }
    return items;
  }

  private static Item item(Path base, Path file, String sha256) throws IOException {
    return new Item(base.relativize(file).toString(), sizeOf(file), sha256);
  }

  /** A file of the running node can go at any moment. */
  private static long sizeOf(Path file) throws IOException {
    return Files.exists(file) ? Files.size(file) : 0;
  }

  /**
   * Restores a backup into a folder where no miner is; replicas that lie there already stay.
   *
   * @return what the backup says
   * @throws IOException when the backup is unfinished or damaged, or anything would be overwritten;
   *     nothing is there then that was not before
   */
  public static Manifest restore(Path backup, MinerHome home) throws IOException {
    Manifest manifest = read(backup);
    for (Item item : manifest.files()) {
      verify(backup, item);
    }
    Path to = home.dir();
    List<String> names = new ArrayList<>(NEEDED);
    names.addFirst(STORE);
    for (String name : names) {
      if (Files.exists(to.resolve(name))) {
        throw new IOException(
            to.resolve(name)
                + " is there already, and nothing is overwritten: restore into a folder without a"
                + " miner (replicas and uploads may be there)");
      }
    }
    Files.createDirectories(to);
    Path staging = Files.createTempDirectory(to, "restoring-");
    try {
      for (Item item : manifest.files()) {
        Path target = staging.resolve(item.path());
        Files.createDirectories(target.getParent());
        copy(backup.resolve(item.path()), target);
      }
      sync(staging.resolve(STORE));
      // The settings come last: until then the folder is no miner's, and no node starts in it.
      for (String name : names) {
        Files.move(staging.resolve(name), to.resolve(name), StandardCopyOption.ATOMIC_MOVE);
      }
      sync(to);
    } finally {
      deleteAll(staging);
    }
    return manifest;
  }

  /** The listed replicas that a folder lacks, or has in another size. */
  public static List<Item> missing(Manifest manifest, MinerHome home) throws IOException {
    List<Item> missing = new ArrayList<>();
    for (Item item : manifest.replicas()) {
      Path file = home.dir().resolve(item.path());
      if (!Files.isRegularFile(file) || Files.size(file) != item.bytes()) {
        missing.add(item);
      }
    }
    return missing;
  }

  private static Manifest read(Path backup) throws IOException {
    Path file = backup.resolve(MANIFEST);
    if (!Files.isRegularFile(file)) {
      throw new IOException(
          backup + " is no finished backup: " + MANIFEST + ", which is written last, is missing");
    }
    try {
      int format = JSON.readTree(file.toFile()).path("format").asInt();
      if (format != FORMAT) {
        throw new IOException(
            file
                + " has format "
                + format
                + ", this version of granary reads "
                + FORMAT
                + "; use the version that made the backup");
      }
      return JSON.readValue(file.toFile(), Manifest.class);
    } catch (JsonProcessingException e) {
      throw new IOException(
          file + " is damaged: " + e.getOriginalMessage() + "; take another backup", e);
    }
  }

  private static void verify(Path backup, Item item) throws IOException {
    Path file = backup.resolve(item.path()).normalize();
    boolean known = NEEDED.contains(item.path()) || item.path().startsWith(STORE + "/");
    if (!file.startsWith(backup.normalize()) || !known) {
      throw new IOException(
          backup.resolve(MANIFEST) + " names " + item.path() + ", which no backup holds");
    }
    if (!Files.isRegularFile(file)
        || Files.size(file) != item.bytes()
        || !hash(file).equals(item.sha256())) {
      throw new IOException(file + " is missing or damaged; take another backup");
    }
  }

  private static String hash(Path file) throws IOException {
    return Sha256.hash(Files.readAllBytes(file)).toHex();
  }

  private static void copy(Path from, Path to) throws IOException {
    // With its rights: keys stay readable by their owner only.
    Files.copy(from, to, StandardCopyOption.COPY_ATTRIBUTES);
    sync(to);
  }

  private static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static List<Path> filesBelow(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static void deleteAll(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
