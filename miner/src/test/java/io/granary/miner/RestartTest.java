package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.testing.Await;
import io.granary.miner.testing.Renter;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.seal.SealedRange;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.DealId;
import io.granary.v1.DealStage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The power goes at every stage; the next node starts from what was on disk, without any farewell.
 */
final class RestartTest {
  private final byte[] piece = Renter.piece(1_500_000, 1);
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

  private void livesToItsEnd(DealId id) {
    f.chain.mineUntil("completed", () -> f.chain.state(id) == DealState.COMPLETED);
    f.chain.mineUntil("ended", () -> f.renter().stage(id) == DealStage.DEAL_STAGE_ENDED);
    assertEquals(0, f.chain.deal(id).orElseThrow().missed());
    assertEquals(0, f.market.wrongProofs.get());
  }

  @Test
  void whileAccepted() throws IOException {
    DealId id = f.renter().agree(f.terms(piece, 3));
    f.crashAndRestart();
    assertEquals(DealStage.DEAL_STAGE_ACCEPTED, f.renter().stage(id));
    f.renter().upload(id, piece, 0, piece.length);
    livesToItsEnd(id);
  }

  @Test
  void whileUploading() throws IOException {
    byte[] large = Renter.piece(20 << 20, 2);
    DealId id = f.renter().agree(f.terms(large, 3));
    Renter.Upload upload = f.renter().upload(id, 0);
    upload.send(large, 0, 17 << 20);
    Await.until("bytes are durable", () -> f.renter().offset(id) >= 8 << 20);
    long acknowledged = f.renter().offset(id);
    f.crashAndRestart();
    long kept = f.renter().offset(id);
    assertTrue(kept >= acknowledged, kept + " of " + acknowledged);
    assertTrue(f.renter().upload(id, large, (int) kept, large.length).getDone().getComplete());
    livesToItsEnd(id);
  }

  @Test
  void whileSealing() throws IOException {
    DealId id = f.renter().agree(f.terms(piece, 3));
    f.disk.holdSealing();
    assertTrue(f.renter().upload(id, piece, 0, piece.length).getDone().getComplete());
    assertFalse(Files.exists(f.replica(id)));
    f.crashAndRestart();
    livesToItsEnd(id);
  }

  @Test
  void aSealingGoesOnAfterTheLastRangeThatIsDurable() throws IOException {
    byte[] large = Renter.piece((int) (2 * SealedRange.RAW) + 1_000_000, 3);
    DealId id = f.renter().agree(f.terms(large, 3));
    f.disk.holdSealing();
    assertTrue(f.renter().upload(id, large, 0, large.length).getDone().getComplete());
    f.disk.setLeft(100L << 20);
    f.disk.releaseSealing();
    Await.until("the disk is full", () -> f.hadTrouble("sealing-failed"));
    f.disk.holdSealing();
    f.crashAndRestart();
    f.disk.setLeft(MinerFixture.RICH);
    f.disk.written.set(0);
    f.disk.releaseSealing();
    livesToItsEnd(id);
    // The second range and the end of the piece, with a tree each; not the first range.
    long bytes = f.disk.written.get();
    assertTrue(bytes > 64L << 20 && bytes < 70L << 20, bytes + " bytes were written");
  }

  @Test
  void whileSealed() throws IOException {
    f.market.skipPublications("AlreadyKnown");
    DealId id = f.renter().agree(f.terms(piece, 3));
    f.renter().upload(id, piece, 0, piece.length);
    Await.until("sealed", () -> f.renter().stage(id) == DealStage.DEAL_STAGE_SEALED);
    f.crashAndRestart();
    f.market.skipPublications("");
    livesToItsEnd(id);
  }

  @Test
  void whilePublished() throws IOException {
    f.market.holdActivations(true);
    DealId id = f.renter().agree(f.terms(piece, 3));
    f.renter().upload(id, piece, 0, piece.length);
    f.chain.mineUntil("published", () -> f.renter().stage(id) == DealStage.DEAL_STAGE_PUBLISHED);
    f.crashAndRestart();
    f.market.holdActivations(false);
    livesToItsEnd(id);
  }

  @Test
  void whileActive() throws IOException {
    DealId id = f.activeDeal(piece, 6);
    f.crashAndRestart();
    assertArrayEquals(
        piece,
        f.renter().retrieve(id, new RawSize(piece.length), Renter.root(piece), 0, 0).bytes());
    f.chain.mineUntil("a proof", () -> f.market.proofs.get() >= 2);
    f.crashAndRestart();
    livesToItsEnd(id);
  }

  @Test
  void aLostStoreCostsNoReplica() throws IOException {
    DealId id = f.activeDeal(piece, 100);
    f.restartWithStore(Optional.empty());
    assertTrue(Files.exists(f.replica(id)));
    assertTrue(
        f.node().troubles().stream()
            .anyMatch(
                t -> t.event().equals("unknown-files") && t.message().contains(id.toString())));
  }

  @Test
  void anOlderStoreFindsItsReplicasAgain() throws IOException {
    DealId id = f.renter().agree(f.terms(piece, 3));
    Path accepted = f.backUpStore();
    f.disk.holdSealing();
    f.renter().upload(id, piece, 0, piece.length);
    Path uploaded = f.backUpStore();
    f.disk.releaseSealing();
    Await.until("sealed", () -> f.node().deals().find(id).orElseThrow().hasReplica());
    Await.until("the staged piece is gone", () -> !Files.exists(f.part(id)));
    f.restartWithStore(Optional.of(accepted));
    assertTrue(f.node().deals().find(id).orElseThrow().hasReplica());
    f.restartWithStore(Optional.of(uploaded));
    assertTrue(f.node().deals().find(id).orElseThrow().hasReplica());
    livesToItsEnd(id);
  }

  @Test
  void filesThatAreNotTheDealsReplicaAreSealedAgain() throws IOException {
    DealId id = f.renter().agree(f.terms(piece, 3));
    f.disk.holdSealing();
    f.renter().upload(id, piece, 0, piece.length);
    Files.writeString(f.replica(id), "not a replica");
    f.crashAndRestart();
    assertTrue(f.hadTrouble("damaged"));
    livesToItsEnd(id);
  }

  @Test
  void whatACrashLeavesBehindIsCleanedUpAndNothingElse() throws IOException {
    DealId id = f.activeDeal(piece, 100);
    String name = id.hash().toHex();
    String foreign = "f".repeat(64);
    Files.writeString(f.home().resolve("uploads/" + name + ".part"), "left over");
    Files.writeString(f.home().resolve("replicas/" + foreign + ".replica"), "of no known deal");
    Files.writeString(f.home().resolve("replicas/" + name + ".replica.tmp"), "half");
    Files.writeString(f.home().resolve("replicas/README"), "the operator's own");
    f.crashAndRestart();
    assertFalse(Files.exists(f.home().resolve("uploads/" + name + ".part")));
    assertTrue(Files.exists(f.home().resolve("replicas/" + foreign + ".replica")));
    assertFalse(Files.exists(f.home().resolve("replicas/" + name + ".replica.tmp")));
    assertTrue(Files.exists(f.home().resolve("replicas/README")));
    assertTrue(Files.exists(f.replica(id)));
  }
}
