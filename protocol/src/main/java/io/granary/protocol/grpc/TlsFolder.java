package io.granary.protocol.grpc;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * The TLS identities in a node's folder (Protocol §8.1): {@code tls}, {@code tls-next} that is to
 * replace it, and {@code tls-old} that it has replaced, each as {@code …-key.pem} and {@code
 * …-cert.pem}. Each step of a rotation is a rename, and what a crash leaves says how to go on:
 *
 * <ul>
 *   <li>a next certificate without a key: it was being made; it is made anew;
 *   <li>a next key without a certificate: it was being taken; {@link #finishTaking} ends that.
 * </ul>
 */
public final class TlsFolder {
  private static final int READ_TRIES = 4;
  private static final Duration READ_PAUSE = Duration.ofMillis(20);

  private static final String CURRENT = "tls";
  private static final String NEXT = "tls-next";
  private static final String OLD = "tls-old";

  private final Path directory;

  /** A folder; nothing is read yet. */
  public TlsFolder(Path directory) {
    this.directory = directory;
  }

  static Path key(Path directory, String name) {
    return directory.resolve(name + "-key.pem");
  }

  static Path certificate(Path directory, String name) {
    return directory.resolve(name + "-cert.pem");
  }

  private boolean has(String name) {
    return Files.isRegularFile(key(directory, name))
        && Files.isRegularFile(certificate(directory, name));
  }

  private Optional<TlsIdentity> find(String name) throws IOException {
    return has(name) ? Optional.of(TlsIdentity.load(directory, name)) : Optional.empty();
  }

  /**
   * The node's identity.
   *
   * @throws IOException when a file is missing or cannot be read, or the two do not belong together
   */
  public TlsIdentity current() throws IOException {
    return TlsIdentity.load(directory);
  }

  /** True when there is one that is to replace it. */
  public boolean hasNext() {
    return has(NEXT);
  }

  /** The one that is to replace it. */
  public Optional<TlsIdentity> next() throws IOException {
    return find(NEXT);
  }

  /** The one that it has replaced. */
  public Optional<TlsIdentity> old() throws IOException {
    return find(OLD);
  }

  /**
   * All that are there, the node's first. The node may change them meanwhile, in several steps: who
   * comes between two of them looks again.
   */
  public List<TlsIdentity> all() throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        // Before the node's, whose place it may take at this moment.
        Optional<TlsIdentity> next = next();
        List<TlsIdentity> all = new ArrayList<>(List.of(current()));
        next.filter(n -> !n.tlsKeyHash().equals(all.getFirst().tlsKeyHash())).ifPresent(all::add);
        old().ifPresent(all::add);
        return List.copyOf(all);
      } catch (IOException e) {
        if (attempt == READ_TRIES) {
          throw e;
        }
        LockSupport.parkNanos(READ_PAUSE.toNanos());
      }
    }
  }

  /**
   * The one that is to replace the node's: made, or that of a try that was cut off.
   *
   * @throws IOException when the node has none, or it cannot be written
   */
  public TlsIdentity makeNext() throws IOException {
    current();
    if (!hasNext()) {
      TlsIdentity.create(directory, NEXT);
    }
    return TlsIdentity.load(directory, NEXT);
  }

  /**
   * Puts {@link #next} in the node's place; the one before becomes {@link #old}. May be repeated
   * after a crash at any point, with {@link #finishTaking} first.
   */
  public void takeNext() throws IOException {
    TlsIdentity.load(directory, NEXT);
    write(certificate(directory, OLD), Files.readAllBytes(certificate(directory, CURRENT)), false);
    write(key(directory, OLD), Files.readAllBytes(key(directory, CURRENT)), true);
    rename(certificate(directory, NEXT), certificate(directory, CURRENT));
    finishTaking();
  }

  /** Ends a {@link #takeNext} that a crash cut off; nothing happens when there is none. */
  public void finishTaking() throws IOException {
    Path key = key(directory, NEXT);
    if (Files.isRegularFile(key) && !Files.exists(certificate(directory, NEXT))) {
      rename(key, key(directory, CURRENT));
    }
  }

  /** Since when there is an {@link #old}: when it was replaced. */
  public Instant oldSince() throws IOException {
    return Files.getLastModifiedTime(key(directory, OLD)).toInstant();
  }

  /** Deletes {@link #old}, its key first. */
  public void dropOld() throws IOException {
    Files.deleteIfExists(key(directory, OLD));
    Files.deleteIfExists(certificate(directory, OLD));
    sync(directory);
  }

  /** Writes a file that is there as a whole or not at all, and durable when this returns. */
  static void write(Path file, byte[] content, boolean secret) throws IOException {
    Path temporary = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(temporary);
    Files.createFile(
        temporary,
        PosixFilePermissions.asFileAttribute(
            PosixFilePermissions.fromString(secret ? "rw-------" : "rw-r--r--")));
    Files.write(temporary, content);
    sync(temporary);
    rename(temporary, file);
  }

  private static void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    sync(to.resolveSibling(""));
  }

  private static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
