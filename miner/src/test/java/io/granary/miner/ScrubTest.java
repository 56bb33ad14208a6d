package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.testing.Await;
import io.granary.miner.testing.Renter;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Rot is found before a challenge finds it, and a lost replica does not take the others with it.
 */
class ScrubTest {
  private static final long FAST = 1L << 30;

  @TempDir Path dir;
  private MinerFixture f;

  @BeforeEach
  void fixture() throws IOException {
    f = new MinerFixture(dir);
  }

  @AfterEach
  void stop() {
    f.close();
  }

  private void start(long rate, boolean declare) throws IOException {
    f.with(c -> c.withCare(new CarePolicy(rate, declare))).start();
  }

  private void flip(DealId id, long at) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(f.replica(id).toFile(), "rw")) {
      file.seek(at);
      int b = file.read();
      file.seek(at);
      file.write(b ^ 1);
    }
  }

  @Test
  void rotIsFoundWithoutAChallengeAndForgottenWhenItIsMended() throws IOException {
    start(FAST, false);
    byte[] piece = Renter.piece(3_000_000, 1);
    DealId id = f.activeDeal(piece, 400);
    flip(id, 2_500_000);
    // No block is mined: no challenge can have found it.
    Await.until("it is found", () -> f.hadTrouble("damaged"));
    assertTrue(
        f.node().troubles().stream()
            .anyMatch(t -> t.message().contains("1 of 3 MiB") && t.message().contains("at MiB 2")),
        () -> f.node().troubles().toString());
    assertTrue(
        f.node().troubles().stream()
            .anyMatch(t -> t.message().contains("granary miner repair " + id)));
    // The log is told before the deals are counted.
    Await.until("it is counted", () -> f.node().damagedDeals() == 1);
    flip(id, 2_500_000);
    Await.until("it is whole again", () -> f.node().damagedDeals() == 0);
    assertEquals(
        1,
        f.node().troubles().stream().filter(t -> t.event().equals("damaged")).count(),
        "found twice, told once");
  }

  @Test
  void aLostReplicaIsDeclaredInTimeAndTheOthersAreProved() throws IOException {
    start(FAST, true);
    DealId kept = f.activeDeal(Renter.piece(100_000, 2), 400);
    DealId lost = f.activeDeal(Renter.piece(2_000_000, 3), 400);
    int before = f.market.proofs.get();
    f.chain.mineUntil("both are proved", () -> f.market.proofs.get() > before);
    Files.delete(f.replica(lost));
    f.chain.mineUntil("declared", () -> f.chain.state(lost) == DealState.FAULTY);
    int proofs = f.market.proofs.get();
    f.chain.mineUntil("the other is proved", () -> f.market.proofs.get() >= proofs + 2);
    assertEquals(DealState.ACTIVE, f.chain.state(kept));
  }

  @Test
  void nothingIsDeclaredWhereTheOperatorDoesNotWantIt() throws IOException {
    start(FAST, false);
    DealId lost = f.activeDeal(Renter.piece(100_000, 4), 400);
    Files.delete(f.replica(lost));
    f.chain.mineUntil("a period is missed", () -> f.hadTrouble("missed"));
    assertEquals(DealState.ACTIVE, f.chain.state(lost));
    assertTrue(f.hadTrouble("damaged"));
  }

  @Test
  void withoutScrubbingOnlyWhatIsReadIsChecked() throws IOException {
    start(0, true);
    byte[] piece = Renter.piece(3_000_000, 5);
    DealId id = f.activeDeal(piece, 400);
    flip(id, 2_500_000);
    assertEquals(0, f.node().damagedDeals());
    // A retrieval stumbles over it, and then all of the replica is read.
    f.renter().retrieve(id, f.terms(piece, 1).size(), Renter.root(piece), 0, 0);
    Await.until("it is known", () -> f.node().damagedDeals() == 1);
    assertTrue(
        f.node().troubles().stream().anyMatch(t -> t.message().contains("1 of 3 MiB")),
        () -> f.node().troubles().toString());
  }

  @Test
  void aPassGoesOnAfterARestart() throws IOException {
    // One chunk in a quarter of a second: the pass takes longer than the test waits for its start.
    start(4L << 20, false);
    f.activeDeal(Renter.piece(3_000_000, 6), 400);
    Path file = f.home().resolve("scrub.json");
    Await.until("a pass has begun", () -> Files.exists(file));
    f.crashAndRestart();
    assertTrue(Files.exists(f.home().resolve("scrub.json")));
    assertFalse(f.hadTrouble("damaged"));
  }
}
