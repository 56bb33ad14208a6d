package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.admin.AdminClient;
import io.granary.miner.testing.Await;
import io.granary.miner.testing.Renter;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.DealId;
import io.granary.v1.DealStage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
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

  private Path copy(String name) throws IOException {
    Path to = dir.resolve(name);
    assertTrue(new AdminClient(f.home()).copyStore(to));
    return to;
  }

  private boolean isSealed(DealId id) {
    return f.node().deals().find(id).orElseThrow().hasReplica();
  }

  /** Copies are made all the time while deals come; each is one that a node starts from. */
  @Test
  void aCopyThatIsMadeUnderLoadIsOneMomentAndTheNodeCatchesUp() throws Exception {
    List<DealId> ids = new ArrayList<>();
    List<byte[]> pieces = new ArrayList<>();
    List<Path> copies = new ArrayList<>();
    List<Set<DealId>> sealedBefore = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      pieces.add(Renter.piece(300_000 + i, i));
      ids.add(f.renter().agree(f.terms(pieces.getLast(), 3)));
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
      Set<DealId> sealed = new HashSet<>(ids.stream().filter(this::isSealed).toList());
      copies.add(copy("copy-" + copies.size()));
      sealedBefore.add(sealed);
    } while (load.isAlive() || copies.size() < 3);
    load.join();
    Await.until("all are sealed", () -> ids.stream().allMatch(this::isSealed));

    // The oldest knows least of what lies on the shelf.
    f.restartWithStore(Optional.of(copies.getFirst()));
    Await.until("all are taken up", () -> ids.stream().allMatch(this::isSealed));
    // What was sealed when a copy was made is sealed in it.
    for (int i = 0; i < copies.size(); i++) {
      Set<DealId> sealed = new HashSet<>();
      MinerNode.storedDeals(copies.get(i), io.granary.miner.testing.ModelChain.DOMAIN, f.miner)
          .stream()
          .filter(d -> d.hasReplica())
          .forEach(d -> sealed.add(d.id()));
      assertTrue(sealed.containsAll(sealedBefore.get(i)), "copy " + i);
    }
    f.chain.mineUntil(
        "completed", () -> ids.stream().allMatch(id -> f.chain.state(id) == DealState.COMPLETED));
    assertEquals(0, f.market.wrongProofs.get());
  }

  /** A backup has no staged pieces; their clients send them again. */
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
    Path copy = copy("copy");
    f.close();
    for (String folder : List.of("uploads", "replicas")) {
      try (Stream<Path> files = Files.list(f.home().resolve(folder))) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
    }
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

  @Test
  void aNodeThatCannotBeToldAnythingRunsAndSaysSo() throws IOException {
    f.close();
    Path deep = dir.resolve("d".repeat(110));
    Files.createDirectories(deep);
    f.with(c -> c.withHome(deep)).start();
    assertTrue(f.hadTrouble("admin-unavailable"));
    assertEquals(f.miner, io.granary.protocol.grpc.Wire.ask(f.renter().ask()).ask().miner());
  }
}
