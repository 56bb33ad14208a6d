package io.granary.miner.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.miner.DrainReport;
import io.granary.miner.OperatorLog;
import io.granary.miner.ops.MinerMetrics;
import io.granary.miner.storage.StorageException;
import io.granary.miner.testing.Await;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who reaches the socket, and what it makes of bytes that are no command. */
final class AdminServerTest {
  private static final DrainReport REPORT = new DrainReport(List.of("the upload of deal 0x12"));

  private final List<Path> copied = new CopyOnWriteArrayList<>();
  private final AtomicInteger drained = new AtomicInteger();
  private final OperatorLog log = new OperatorLog(Clock.systemUTC(), new MinerMetrics());
  private @TempDir Path home;
  private AdminServer server;

  private final AdminCommands commands =
      new AdminCommands() {
        @Override
        public void copyStore(Path directory) {
          if (directory.endsWith("full")) {
            throw new StorageException("No space left on device");
          }
          copied.add(directory);
        }

        @Override
        public DrainReport drain() {
          return REPORT;
        }

        @Override
        public void drained(DrainReport report) {
          drained.incrementAndGet();
        }
      };

  @BeforeEach
  void start() throws IOException {
    server = AdminServer.start(home, commands, log);
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  private SocketChannel connect() throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    channel.connect(UnixDomainSocketAddress.of(AdminServer.socket(home)));
    return channel;
  }

  private JsonNode ask(byte[] request) throws IOException {
    try (SocketChannel channel = connect();
        BufferedReader answer =
            new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8))) {
      channel.write(ByteBuffer.wrap(request));
      channel.shutdownOutput();
      return new ObjectMapper().readTree(answer.readLine());
    }
  }

  private void isRefused(byte[] request, String reason) throws IOException {
    JsonNode answer = ask(request);
    assertFalse(answer.path("ok").asBoolean(true), answer::toString);
    assertTrue(answer.path("message").asText().contains(reason), answer::toString);
  }

  @Test
  void onlyTheNodesUserReachesIt() throws IOException {
    Path socket = AdminServer.socket(home);
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
    assertEquals(
        "rwx------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(socket.getParent())));
    // Also when somebody has opened the folder meanwhile.
    server.close();
    Files.setPosixFilePermissions(socket.getParent(), PosixFilePermissions.fromString("rwxrwxrwx"));
    start();
    assertEquals(
        "rwx------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(socket.getParent())));
  }

  @Test
  void whatIsNoCommandIsRefusedAndDoesNothing() throws IOException {
    for (String bad :
        List.of("", "\n", "{}", "[]", "5", "{\"command\":5}", "{\"command\":\"x\"}")) {
      isRefused(bad.getBytes(StandardCharsets.UTF_8), "copy-store and drain");
    }
    for (String bad : List.of("{", "drain", "{\"command\":\"drain\"} {}", "[".repeat(5_000))) {
      isRefused(bad.getBytes(StandardCharsets.UTF_8), "no line of JSON");
    }
    isRefused(new byte[] {(byte) 0xc3, 0x28, (byte) 0xff, 0x00}, "no line of JSON");
    isRefused("x".repeat(AdminServer.MAX_REQUEST + 1).getBytes(StandardCharsets.UTF_8), "at most");
    for (String directory : List.of("", "5", "\"relative\"", "\"\"", "\"/a\\u0000b\"", "null")) {
      String value = directory.isEmpty() ? "" : ",\"directory\":" + directory;
      isRefused(
          ("{\"command\":\"copy-store\"" + value + "}\n").getBytes(StandardCharsets.UTF_8),
          directory.contains("u0000") ? "not a path" : "an absolute path");
    }
    assertEquals(List.of(), copied);
    assertEquals(0, drained.get());
  }

  @Test
  void aPeerThatSaysNothingOrGoesAwayHoldsUpNobody() throws IOException {
    try (SocketChannel half = connect()) {
      half.write(ByteBuffer.wrap("{\"command\":".getBytes(StandardCharsets.UTF_8)));
      connect().close();
      assertTrue(new AdminClient(home).copyStore(home.resolve("copy")));
    }
    assertEquals(List.of(home.resolve("copy")), copied);
    server.close();
    server = AdminServer.start(home, commands, log, Duration.ofMillis(50));
    try (SocketChannel silent = connect()) {
      assertEquals(-1, silent.read(ByteBuffer.allocate(1)), "it is cut off");
    }
  }

  @Test
  void theClientTellsWhatTheNodeSays() throws IOException {
    AdminClient client = new AdminClient(home);
    IOException full =
        assertThrows(IOException.class, () -> client.copyStore(home.resolve("full")));
    assertTrue(full.getMessage().contains("No space left on device"), full::getMessage);
    assertEquals(Optional.of(REPORT), client.drain());
    Await.until("the node is told that the answer was given", () -> drained.get() == 1);
    server.close();
    assertEquals(Optional.empty(), client.drain(), "no node runs");
  }

  @Test
  void aSocketThatACrashHasLeftIsNobodyAndIsReplaced() throws IOException {
    server.close();
    try (ServerSocketChannel crashed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      crashed.bind(UnixDomainSocketAddress.of(AdminServer.socket(home)));
    }
    assertTrue(Files.exists(AdminServer.socket(home)));
    assertFalse(new AdminClient(home).copyStore(home.resolve("copy")));
    start();
    assertTrue(new AdminClient(home).copyStore(home.resolve("copy")));
  }

  @Test
  void aPathThatIsTooLongIsToldAndLeavesNothingOpen() throws IOException {
    Path deep = home.resolve("d".repeat(120));
    IOException e = assertThrows(IOException.class, () -> AdminServer.start(deep, commands, log));
    assertTrue(String.valueOf(e.getMessage()).contains("too long"), e::toString);
    assertFalse(new AdminClient(deep).copyStore(home.resolve("copy")));
  }
}
