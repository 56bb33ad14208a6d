package io.granary.miner.admin;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.miner.DrainReport;
import io.granary.miner.OperatorLog;
import io.granary.miner.storage.StorageException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Answers the commands of {@link AdminCommands}. The socket's folder has mode 700, so whoever
 * reaches it can read the node's keys as well, and needs no other secret.
 */
public final class AdminServer implements AutoCloseable {
  /** Longest request, bytes. */
  static final int MAX_REQUEST = 16 << 10;

  private static final int PEERS = 8;
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private final Path socket;
  private final ServerSocketChannel server;
  private final AdminCommands commands;
  private final OperatorLog log;
  private final Duration patience;
  private final Semaphore peers = new Semaphore(PEERS);
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("admin-timer").factory());

  private AdminServer(
      Path socket,
      ServerSocketChannel server,
      AdminCommands commands,
      OperatorLog log,
      Duration patience) {
    this.socket = socket;
    this.server = server;
    this.commands = commands;
    this.log = log;
    this.patience = patience;
  }

  /** Where the socket of a miner's folder is. */
  public static Path socket(Path home) {
    return home.resolve("admin").resolve("socket");
  }

  /**
   * Opens the socket of a miner's folder, in the place of one that a crash has left: the caller has
   * the folder's store open, so no other node uses it.
   *
   * @throws IOException when it cannot be opened: its path is too long, or the disk has no sockets
   */
  public static AdminServer start(Path home, AdminCommands commands, OperatorLog log)
      throws IOException {
    return start(home, commands, log, PATIENCE);
  }

  /**
   * The same with another patience.
   *
   * @param patience how long a peer may take to say what it wants
   */
  static AdminServer start(Path home, AdminCommands commands, OperatorLog log, Duration patience)
      throws IOException {
    Path socket = socket(home);
    Files.createDirectories(socket.getParent());
    // Before the socket is there, whose own rights not every system looks at.
    Files.setPosixFilePermissions(socket.getParent(), PosixFilePermissions.fromString("rwx------"));
    Files.deleteIfExists(socket);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      server.bind(UnixDomainSocketAddress.of(socket));
      Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
    AdminServer admin = new AdminServer(socket, server, commands, log, patience);
    Thread.ofPlatform().daemon().name("admin").start(admin::accept);
    return admin;
  }

  private void accept() {
    while (server.isOpen()) {
      try {
        SocketChannel peer = server.accept();
        if (peers.tryAcquire()) {
          threads.execute(() -> serve(peer));
        } else {
          peer.close();
        }
      } catch (ClosedChannelException closed) {
        return;
      } catch (IOException e) {
        // No file handles, for example; the next try may find some.
        log.stepFailed("admin", new IllegalStateException("no connection could be taken", e));
        pause();
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(Duration.ofSeconds(1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void serve(SocketChannel peer) {
    try (peer) {
      byte[] request = read(peer);
      if (request.length > MAX_REQUEST) {
        answer(peer, refused("a request has at most " + MAX_REQUEST + " bytes"));
      } else {
        perform(peer, request);
      }
    } catch (IOException e) {
      // The peer went away, or was too slow: whatever it asked for is done or was never said.
      log.adminPeerLost(e);
    } catch (RuntimeException e) {
      log.stepFailed("admin", e);
    } finally {
      peers.release();
    }
  }

  /** Up to the end of a line, or more bytes than a request has. */
  private byte[] read(SocketChannel peer) throws IOException {
    Future<?> late =
        timer.schedule(
            () -> {
              peer.close();
              return true;
            },
            patience.toMillis(),
            TimeUnit.MILLISECONDS);
    try {
      ByteArrayOutputStream request = new ByteArrayOutputStream();
      ByteBuffer buffer = ByteBuffer.allocate(4096);
      while (request.size() <= MAX_REQUEST) {
        int count = peer.read(buffer.clear());
        if (count < 0) {
          break;
        }
        request.write(buffer.array(), 0, count);
        if (count > 0 && buffer.get(count - 1) == '\n') {
          break;
        }
      }
      return request.toByteArray();
    } finally {
      late.cancel(false);
    }
  }

  private void perform(SocketChannel peer, byte[] request) throws IOException {
    JsonNode asked;
    try {
      asked = JSON.readTree(request);
    } catch (IOException e) {
      answer(peer, refused("the request is no line of JSON: " + e.getMessage()));
      return;
    }
    switch (asked.path("command").asText()) {
      case "copy-store" -> answer(peer, copyStore(asked.path("directory")));
      case "drain" -> drain(peer);
      default -> answer(peer, refused("say {\"command\": C}, C being one of copy-store and drain"));
    }
  }

  private Map<String, ?> copyStore(JsonNode directory) {
    try {
      Path to = Path.of(directory.asText());
      if (!directory.isTextual() || !to.isAbsolute()) {
        return refused("copy-store needs \"directory\", an absolute path that does not exist yet");
      }
      commands.copyStore(to);
      log.backedUp(to);
      return Map.of("ok", true);
    } catch (InvalidPathException e) {
      return refused("not a path: " + e.getMessage());
    } catch (StorageException e) {
      return refused(String.valueOf(e.getMessage()));
    }
  }

  private void drain(SocketChannel peer) throws IOException {
    DrainReport report = commands.drain();
    try {
      answer(peer, Map.of("ok", true, "cut", report.cut()));
    } finally {
      // Also when nobody listens any more: the node takes no calls from now on.
      commands.drained(report);
    }
  }

  private static Map<String, ?> refused(String message) {
    return Map.of("ok", false, "message", message);
  }

  private static void answer(SocketChannel peer, Map<String, ?> answer) throws IOException {
    ByteBuffer line =
        ByteBuffer.wrap((JSON.writeValueAsString(answer) + "\n").getBytes(StandardCharsets.UTF_8));
    while (line.hasRemaining()) {
      peer.write(line);
    }
  }

  /** Closes the socket; a command that runs is let end by what it uses. */
  @Override
  public void close() throws IOException {
    server.close();
    Files.deleteIfExists(socket);
    timer.shutdownNow();
    threads.shutdownNow();
  }
}
