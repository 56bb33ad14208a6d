package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.testing.Renter;
import io.granary.protocol.chain.OpenDemand;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Demands on chain: answered by the miner itself, in time, together, and after a restart. */
final class DemandTest {
  private final byte[] piece = Renter.piece(300_000, 7);
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

  private boolean isOpen(DealId id) {
    return !f.chain.demands(List.of(id)).isEmpty();
  }

  private void mine(int blocks) {
    for (int i = 0; i < blocks; i++) {
      f.chain.mine();
    }
  }

  private BigInteger bonds(long count) {
    return f.chain.leastBond().multiply(BigInteger.valueOf(count));
  }

  @Test
  void aDemandIsAnsweredAtOnceAndTheBondIsTheMiners() {
    DealId id = f.activeDeal(piece, 20);
    OpenDemand demand = f.chain.demand(id, 5, 16);
    f.chain.mineUntil("answered", () -> !isOpen(id));
    assertTrue(f.chain.head().number().compareTo(demand.deadline()) < 0);
    assertEquals(bonds(1), f.chain.etherOf(f.miner));
    assertEquals(0, f.market.wrongProofs.get());
    assertEquals(DealState.ACTIVE, f.chain.state(id));
  }

  @Test
  void manyAreAnsweredTogether() {
    List<DealId> deals = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      deals.add(f.activeDeal(Renter.piece(10_000 + i, i), 40));
    }
    synchronized (f.chain) {
      deals.forEach(id -> f.chain.demand(id, 1, 30));
    }
    f.chain.mineUntil("answered", () -> deals.stream().noneMatch(this::isOpen));
    assertEquals(List.of(3), f.market.answerSizes);
    assertEquals(bonds(3), f.chain.etherOf(f.miner));
  }

  @Test
  void aRestartForgetsNoDemand() throws IOException {
    DealId id = f.activeDeal(piece, 20);
    f.close();
    f.chain.demand(id, 9, 40);
    mine(3);
    f.crashAndRestart();
    f.chain.mineUntil("answered", () -> !isOpen(id));
    assertEquals(bonds(1), f.chain.etherOf(f.miner));
    assertEquals(0, f.market.wrongProofs.get());
  }

  @Test
  void whatIsLostIsToldAndNotSent() throws IOException {
    DealId id = f.activeDeal(piece, 20);
    try (RandomAccessFile file = new RandomAccessFile(f.replica(id).toFile(), "rw")) {
      file.seek(5 * 32);
      file.write(new byte[32]);
    }
    f.chain.demand(id, 5, 6);
    f.chain.mineUntil("told", () -> f.hadTrouble("damaged"));
    mine(8);
    assertTrue(isOpen(id));
    assertEquals(List.of(), f.market.answerSizes);
    assertEquals(0, f.market.wrongProofs.get());
  }
}
