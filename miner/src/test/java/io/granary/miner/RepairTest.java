package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.replica.ReplicaRepair;
import io.granary.miner.replica.Shelf;
import io.granary.miner.testing.Renter;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A damaged replica is put right beside the running node, which then goes on proving. */
class RepairTest {
  private static final byte[] PIECE = Renter.piece(3_500_000, 33);

  @TempDir Path dir;
  private MinerFixture f;
  private DealId id;
  private ReplicaRepair repair;
  private byte[] before = new byte[0];

  @BeforeEach
  void storeAPiece() throws IOException {
    f = new MinerFixture(dir).start();
    id = f.activeDeal(PIECE, 400);
    DealSnapshot deal = f.chain.deal(id).orElseThrow();
    repair =
        new ReplicaRepair(
            new Shelf(f.home()),
            new ReplicaRepair.Subject(
                id, 1, new RawSize(PIECE.length), Renter.root(PIECE), deal.sealedRoot()));
    before = Files.readAllBytes(f.replica(id));
  }

  @AfterEach
  void close() {
    f.close();
  }

  private static byte[] read(long offset, int length) {
    return Arrays.copyOfRange(PIECE, (int) offset, (int) offset + length);
  }

  private ReplicaRepair.Finding found() {
    return repair.check(done -> {});
  }

  private void flip(long at) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(f.replica(id).toFile(), "rw")) {
      file.seek(at);
      int b = file.read();
      file.seek(at);
      file.write(b ^ 1);
    }
  }

  private void provesOn() {
    int proofs = f.market.proofs.get();
    f.chain.mineUntil("two more proofs", () -> f.market.proofs.get() >= proofs + 2);
    assertEquals(0, f.market.wrongProofs.get());
  }

  @Test
  void aSoundReplicaIsLeftAlone() throws IOException {
    assertTrue(found().sound());
    assertTrue(
        repair
            .repair(
                found(),
                (at, n) -> {
                  throw new AssertionError("nothing is to be read");
                },
                done -> {})
            .sound());
  }

  @Test
  void onlyWhatIsWrongIsReadAndWritten() throws IOException {
    flip(10);
    flip(2_500_000);
    assertEquals(List.of(0L, 2L), found().damaged());
    long[] asked = {0};
    ReplicaRepair.Finding after =
        repair.repair(
            found(),
            (at, n) -> {
              asked[0] += n;
              return read(at, n);
            },
            done -> {});
    assertTrue(after.sound(), after::toString);
    assertTrue(asked[0] < PIECE.length, "two of four chunks");
    assertArrayEquals(before, Files.readAllBytes(f.replica(id)));
    provesOn();
  }

  @Test
  void aLostReplicaIsSealedAgainToTheSameBytes() throws IOException {
    Files.delete(f.replica(id));
    assertTrue(found().missing());
    assertTrue(repair.repair(found(), RepairTest::read, done -> {}).sound());
    assertArrayEquals(before, Files.readAllBytes(f.replica(id)));
    provesOn();
  }

  @Test
  void wrongBytesAreNotTakenForTheReplica() throws IOException {
    Files.delete(f.replica(id));
    IOException e =
        assertThrows(
            IOException.class, () -> repair.repair(found(), (at, n) -> new byte[n], done -> {}));
    assertTrue(e.getMessage().contains("sealed root"), e::getMessage);
    assertFalse(Files.exists(f.replica(id)));
  }

  @Test
  void bothTreesLostAreBuiltAgain() throws IOException {
    Path replica = f.replica(id);
    for (String kind : List.of("sealed", "piece")) {
      Files.delete(
          replica.resolveSibling(
              replica.getFileName().toString().replace(".replica", "." + kind + "-tree")));
    }
    assertTrue(repair.repair(found(), RepairTest::read, done -> {}).sound());
    provesOn();
  }
}
