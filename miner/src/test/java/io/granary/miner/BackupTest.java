package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.miner.ops.AdminServer;
import io.granary.miner.testing.Await;
import io.granary.miner.testing.Renter;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.DealId;
import io.granary.v1.DealStage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Copies of the store that a running node makes, and what a node makes of an older one. */
final class BackupTest {
  private @TempDir Path dir;
  private MinerFixture f;

  @BeforeEach
  void start() throws IOException {
    f = new MinerFixture(dir).start();
  }

  @AfterEach
  void stop() {
    f.close();
  }

  private JsonNode admin() throws IOException {
    return new ObjectMapper().readTree(f.home().resolve(AdminServer.FILE).toFile());
  }

  private HttpResponse<String> ask(String method, String path, Optional<String> token, String body)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
                URI.create(
                    "http://"
                        + InetAddress.getLoopbackAddress().getHostAddress()
                        + ":"
                        + admin().path("port").asInt()
                        + path))
            .method(method, HttpRequest.BodyPublishers.ofString(body));
    token.ifPresent(t -> request.header("Authorization", "Bearer " + t));
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
  }

  private HttpResponse<String> checkpoint(Path directory) throws Exception {
    return ask(
        "POST",
        AdminServer.CHECKPOINT,
        Optional.of(admin().path("token").asText()),
        "{\"directory\":\"" + directory + "\"}");
  }

  @Test
  void onlyWhoReadsTheTokensFileIsAnswered() throws Exception {
    Path file = f.home().resolve(AdminServer.FILE);
    assertEquals(PosixFilePermissions.fromString("rw-------"), Files.getPosixFilePermissions(file));
    Path to = dir.resolve("copy");
    String token = admin().path("token").asText();
    assertEquals(64, token.length());
    String body = "{\"directory\":\"" + to + "\"}";
    for (Optional<String> wrong :
        List.of(
            Optional.<String>empty(),
            Optional.of(""),
            Optional.of(token.substring(1)),
            Optional.of(token + "0"))) {
      HttpResponse<String> refused = ask("POST", AdminServer.CHECKPOINT, wrong, body);
      assertEquals(401, refused.statusCode());
      assertFalse(refused.body().contains(token.substring(1)));
    }
    assertEquals(404, ask("POST", "/", Optional.of(token), body).statusCode());
    assertEquals(405, ask("GET", AdminServer.CHECKPOINT, Optional.of(token), "").statusCode());
    for (String bad : List.of("", "{}", "[", "{\"directory\":5}", "{\"directory\":\"relative\"}")) {
      assertEquals(
          400, ask("POST", AdminServer.CHECKPOINT, Optional.of(token), bad).statusCode(), bad);
    }
    assertFalse(Files.exists(to));
    assertEquals(200, checkpoint(to).statusCode());
    HttpResponse<String> again = checkpoint(to);
    assertEquals(500, again.statusCode());
    assertTrue(again.body().contains(to.toString()), again.body());

    f.close();
    assertFalse(Files.exists(file));
    f.start();
    assertFalse(admin().path("token").asText().equals(token));
  }

  /** Copies are made all the time while deals come; each is one that a node starts from. */
  @Test
  void aCopyThatIsMadeUnderLoadIsOneMomentAndTheNodeCatchesUp() throws Exception {
    List<DealId> ids = new ArrayList<>();
    List<byte[]> pieces = new ArrayList<>();
    List<Path> copies = new ArrayList<>();
    List<Set<DealId>> acknowledged = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      byte[] piece = Renter.piece(300_000 + i, i);
      pieces.add(piece);
      ids.add(f.renter().agree(f.terms(piece, 3)));
    }
    Thread load =
        Thread.ofPlatform()
            .start(
                () -> {
                  for (int i = 0; i < ids.size(); i++) {
                    f.renter().upload(ids.get(i), pieces.get(i), 0, pieces.get(i).length);
                  }
                });
    do {
      Set<DealId> sealed = new HashSet<>();
      f.node().deals().all().stream().filter(d -> d.hasReplica()).forEach(d -> sealed.add(d.id()));
      Path copy = dir.resolve("copy-" + copies.size());
      assertEquals(200, checkpoint(copy).statusCode());
      copies.add(copy);
      acknowledged.add(sealed);
    } while (load.isAlive() || copies.size() < 3);
    load.join();
    Await.until(
        "all are sealed", () -> f.node().deals().all().stream().allMatch(d -> d.hasReplica()));

    // The oldest knows least of what lies on the shelf.
    f.restartWithStore(Optional.of(copies.getFirst()));
    for (DealId id : ids) {
      assertTrue(f.node().deals().find(id).isPresent());
      Await.until("taken up", () -> f.node().deals().find(id).orElseThrow().hasReplica());
    }
    // What was sealed when a copy was made is sealed in it.
    f.restartWithStore(Optional.of(copies.getLast()));
    for (DealId id : acknowledged.getLast()) {
      assertTrue(f.node().deals().find(id).orElseThrow().hasReplica());
    }
    f.chain.mineUntil(
        "completed", () -> ids.stream().allMatch(id -> f.chain.state(id) == DealState.COMPLETED));
    assertEquals(0, f.market.wrongProofs.get());
  }

  /** A backup has no staged pieces; the clients send them again. */
  @Test
  void uploadsThatDidNotComeBackBeginAnew() throws Exception {
    byte[] half = Renter.piece(20 << 20, 1);
    byte[] whole = Renter.piece(1_000_000, 2);
    DealId begun = f.renter().agree(f.terms(half, 3));
    Renter.Upload upload = f.renter().upload(begun, 0);
    upload.send(half, 0, 17 << 20);
    Await.until("bytes are durable", () -> f.renter().offset(begun) >= 8 << 20);
    DealId uploaded = f.renter().agree(f.terms(whole, 3));
    f.disk.holdSealing();
    f.renter().upload(uploaded, whole, 0, whole.length);
    Path copy = dir.resolve("copy");
    assertEquals(200, checkpoint(copy).statusCode());
    f.close();
    Files.delete(f.part(begun));
    Files.delete(f.part(uploaded));
    f.restartWithStore(Optional.of(copy));

    assertEquals(0, f.renter().offset(begun));
    Await.until("awaited again", () -> f.renter().stage(uploaded) == DealStage.DEAL_STAGE_ACCEPTED);
    assertTrue(f.hadTrouble("staged-piece-changed"));
    f.renter().upload(begun, half, 0, half.length);
    f.renter().upload(uploaded, whole, 0, whole.length);
    f.chain.mineUntil(
        "both are active",
        () ->
            f.chain.state(begun) == DealState.ACTIVE
                && f.chain.state(uploaded) == DealState.ACTIVE);
    assertFalse(f.hadTrouble("wrong-root"));
  }
}
