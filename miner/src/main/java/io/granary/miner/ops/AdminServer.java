package io.granary.miner.ops;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the operator asks of the running node, over HTTP on the loopback. Port and token lie in
 * {@code admin.json} of the miner's folder, which only the node's user can read; both are new at
 * each start. Whoever can read that file can read the node's keys as well.
 */
public final class AdminServer implements AutoCloseable {
  /** The file with port and token. */
  public static final String FILE = "admin.json";

  /** Copies the store; the body is {@code {"directory": "/absolute/path"}}. */
  public static final String CHECKPOINT = "/checkpoint";

  private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MAX_BODY = 16 << 10;
  private static final int TOKEN_BYTES = 32;

  private final HttpServer server;
  private final Path file;
  private final byte[] authorization;
  private final ExecutorService threads =
      Executors.newFixedThreadPool(2, Thread.ofPlatform().daemon().name("admin-", 0).factory());

  private AdminServer(HttpServer server, Path file, String token) {
    this.server = server;
    this.file = file;
    this.authorization = ("Bearer " + token).getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Starts it on a free port.
   *
   * @param home the miner's folder, where {@link #FILE} is written
   * @param checkpoint copies the store to a directory that it makes
   * @throws IOException when no port is free or the file cannot be written
   */
  public static AdminServer start(Path home, Consumer<Path> checkpoint) throws IOException {
    byte[] random = new byte[TOKEN_BYTES];
    new SecureRandom().nextBytes(random);
    String token = HexFormat.of().formatHex(random);
    HttpServer http =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    AdminServer admin = new AdminServer(http, home.resolve(FILE), token);
    http.setExecutor(admin.threads);
    http.createContext("/", exchange -> admin.answer(exchange, checkpoint));
    try {
      admin.tell(token);
    } catch (IOException | RuntimeException e) {
      admin.threads.shutdownNow();
      http.stop(0);
      throw e;
    }
    http.start();
    return admin;
  }

  private void tell(String token) throws IOException {
    Path next = file.resolveSibling(FILE + ".new");
    Files.deleteIfExists(next);
    Files.createFile(
        next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.write(
        next,
        JSON.writeValueAsBytes(Map.of("port", server.getAddress().getPort(), "token", token)));
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private record Answer(int status, Map<String, ?> body) {
    static Answer refused(int status, String message) {
      return new Answer(status, Map.of("ok", false, "message", message));
    }
  }

  private void answer(HttpExchange exchange, Consumer<Path> checkpoint) throws IOException {
    try (exchange) {
      Answer answer = handle(exchange, checkpoint);
      byte[] body = JSON.writeValueAsBytes(answer.body());
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.sendResponseHeaders(answer.status(), body.length);
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(body);
      }
    }
  }

  private Answer handle(HttpExchange exchange, Consumer<Path> checkpoint) throws IOException {
    String given = exchange.getRequestHeaders().getFirst("Authorization");
    if (given == null
        || !MessageDigest.isEqual(given.getBytes(StandardCharsets.UTF_8), authorization)) {
      return Answer.refused(401, "the token is in " + FILE + " of the miner's folder");
    }
    if (!exchange.getRequestURI().getPath().equals(CHECKPOINT)) {
      return Answer.refused(404, "there is " + CHECKPOINT);
    }
    if (!exchange.getRequestMethod().equals("POST")) {
      return Answer.refused(405, "POST only");
    }
    byte[] body = exchange.getRequestBody().readNBytes(MAX_BODY);
    try {
      JsonNode directory = JSON.readTree(body).path("directory");
      Path to = Path.of(directory.asText());
      if (!directory.isTextual() || !to.isAbsolute()) {
        return Answer.refused(400, "say {\"directory\": \"/absolute/path\"}");
      }
      checkpoint.accept(to);
      return new Answer(200, Map.of("ok", true));
    } catch (JsonProcessingException e) {
      return Answer.refused(400, "the body is no JSON object: " + e.getOriginalMessage());
    } catch (RuntimeException e) {
      LOG.atWarn().setCause(e).log("a checkpoint failed");
      return Answer.refused(500, String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(file);
    server.stop(0);
    threads.shutdownNow();
  }
}
