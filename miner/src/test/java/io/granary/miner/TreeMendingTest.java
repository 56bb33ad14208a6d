package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.granary.miner.testing.Await;
import io.granary.miner.testing.Renter;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trees can be built again from the replica, so losing one costs nothing that lasts. */
class TreeMendingTest {
  private static final byte[] PIECE = Renter.piece(3_000_000, 21);

  @TempDir Path dir;
  private MinerFixture f;
  private DealId id;

  @BeforeEach
  void storeAPiece() throws IOException {
    f = new MinerFixture(dir).start();
    id = f.activeDeal(PIECE, 400);
  }

  @AfterEach
  void close() {
    f.close();
  }

  private Path tree(String kind) {
    Path replica = f.replica(id);
    return replica.resolveSibling(
        replica.getFileName().toString().replace(".replica", "." + kind + "-tree"));
  }

  private void proveTwice() {
    int before = f.market.proofs.get();
    f.chain.mineUntil("two more proofs", () -> f.market.proofs.get() >= before + 2);
  }

  private void retrievalComesBack() {
    RawSize size = new RawSize(PIECE.length);
    Await.until(
        "the piece can be retrieved",
        () -> {
          byte[] bytes = f.renter().retrieve(id, size, Renter.root(PIECE), 0, 0).bytes();
          return Arrays.equals(PIECE, bytes);
        });
  }

  @Test
  void aLostPieceTreeKeepsNoPeriodUnprovedAndIsBuiltAgain() throws IOException {
    byte[] good = Files.readAllBytes(tree("piece"));
    Files.delete(tree("piece"));
    proveTwice();
    assertFalse(f.hadTrouble("proof-withheld"), () -> f.node().troubles().toString());
    retrievalComesBack();
    assertArrayEquals(good, Files.readAllBytes(tree("piece")));
  }

  @Test
  void aDamagedNodeOfThePieceTreeIsFoundByARangeAndMended() throws IOException {
    byte[] good = Files.readAllBytes(tree("piece"));
    byte[] bad = good.clone();
    for (int at = 64; at < bad.length - 32; at++) {
      bad[at] ^= 1;
    }
    Files.write(tree("piece"), bad);
    retrievalComesBack();
    assertArrayEquals(good, Files.readAllBytes(tree("piece")));
  }

  @Test
  void aLostSealedTreeIsBuiltAgainInTimeForTheNextProof() throws IOException {
    byte[] good = Files.readAllBytes(tree("sealed"));
    Files.delete(tree("sealed"));
    proveTwice();
    assertArrayEquals(good, Files.readAllBytes(tree("sealed")));
    assertEquals(0, f.market.wrongProofs.get());
  }

  @Test
  void aTreeIsNotBuiltOverADamagedReplica() throws IOException {
    byte[] replica = Files.readAllBytes(f.replica(id));
    replica[500_000] ^= 1;
    Files.write(f.replica(id), replica);
    Files.delete(tree("sealed"));
    f.chain.mineUntil(
        "the mending failed",
        () ->
            f.node().troubles().stream()
                .anyMatch(
                    t ->
                        t.event().equals("damaged")
                            && t.message().contains("do not lead to the deal's root")));
    assertFalse(Files.exists(tree("sealed")));
    assertEquals(0, f.market.wrongProofs.get());
  }
}
