package io.granary.app.node;

import io.granary.proofs.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * {@code SHA256SUMS}: the SHA-256 of every other file of a folder, in the format of coreutils'
 * {@code sha256sum}, which checks it too.
 */
final class Sums {
  /** The file. */
  static final String FILE = "SHA256SUMS";

  private static final Pattern LINE = Pattern.compile("([0-9a-f]{64})  ([^\\\\]+)");

  private Sums() {}

  /** Regular files below a folder, by their paths with slashes. */
  static List<String> filesBelow(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(f -> !Files.isDirectory(f, LinkOption.NOFOLLOW_LINKS))
          .map(f -> folder.relativize(f).toString())
          .sorted()
          .toList();
    }
  }

  /** Bytes of them. */
  static long bytesBelow(Path folder) throws IOException {
    long bytes = 0;
    for (String path : filesBelow(folder)) {
      bytes += Files.size(folder.resolve(path));
    }
    return bytes;
  }

  /** Makes every file of a folder durable and writes their sums. */
  static void write(Path folder) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (String path : filesBelow(folder)) {
      sync(folder.resolve(path));
      lines.append(hash(folder.resolve(path))).append("  ").append(path).append('\n');
    }
    Files.writeString(folder.resolve(FILE), lines);
    sync(folder.resolve(FILE));
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path directory : all.filter(Files::isDirectory).toList()) {
        sync(directory);
      }
    }
  }

  /**
   * Sums by path.
   *
   * @throws IOException when the file is missing or not what {@link #write} makes
   */
  static TreeMap<String, String> read(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      throw MinerBackup.damaged(folder, FILE + " is missing");
    }
    TreeMap<String, String> sums = new TreeMap<>();
    // One character a byte: what is no text must not end in an exception of its own.
    for (String line :
        Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1).split("\n", -1)) {
      Matcher matcher = LINE.matcher(line);
      if (matcher.matches()) {
        sums.put(matcher.group(2), matcher.group(1));
      } else if (!line.isEmpty()) {
        throw MinerBackup.damaged(folder, FILE + " has a line that is no sum");
      }
    }
    return sums;
  }

  /**
   * Checks that a folder has the files that are listed, no other, and each with its sum.
   *
   * @throws IOException naming the first that is missing, too much, or changed
   */
  static void verify(Path folder, TreeMap<String, String> sums) throws IOException {
    List<String> there = filesBelow(folder);
    for (String path : there) {
      if (!path.equals(FILE) && !sums.containsKey(path)) {
        throw MinerBackup.damaged(folder, path + " is there and " + FILE + " does not list it");
      }
    }
    for (var sum : sums.entrySet()) {
      Path file = folder.resolve(sum.getKey());
      if (!there.contains(sum.getKey()) || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
        throw MinerBackup.damaged(folder, sum.getKey() + " is missing");
      }
      requireSum(folder, sum.getKey(), sum.getValue(), hash(file));
    }
  }

  private static void requireSum(Path folder, String path, String wanted, String found)
      throws IOException {
    if (!wanted.equals(found)) {
      throw MinerBackup.damaged(
          folder, path + " has the SHA-256 " + found + " and should have " + wanted);
    }
  }

  /** Copies a file to the same place below another folder, durably, readable by its owner only. */
  static void copy(Path folder, String path, String sum, Path to) throws IOException {
    Path target = to.resolve(path);
    Files.createDirectories(target.getParent());
    Files.createFile(
        target, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    MessageDigest digest = Sha256.digest();
    try (InputStream in =
            new DigestInputStream(Files.newInputStream(folder.resolve(path)), digest);
        OutputStream out = Files.newOutputStream(target)) {
      in.transferTo(out);
    }
    // Once more: the disk that the backup lies on may be the reason for needing it.
    requireSum(folder, path, sum, HexFormat.of().formatHex(digest.digest()));
    sync(target);
  }

  private static String hash(Path file) throws IOException {
    MessageDigest digest = Sha256.digest();
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Makes a file, or the names in a folder, durable. */
  static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
