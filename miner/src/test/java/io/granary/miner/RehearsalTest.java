package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.miner.testing.Renter;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What would be in the way of a proof is told before its challenge block, not after. */
class RehearsalTest {
  @TempDir Path dir;
  private MinerFixture f;

  @BeforeEach
  void fixture() throws IOException {
    f = new MinerFixture(dir).start();
  }

  @AfterEach
  void stop() {
    f.close();
  }

  private JsonNode rehearsal() {
    try {
      Path file = f.home().resolve("status.json");
      return Files.exists(file)
          ? new ObjectMapper().readTree(file.toFile()).path("rehearsal")
          : new ObjectMapper().createObjectNode();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean told(String part) {
    return f.node().troubles().stream()
        .anyMatch(t -> t.event().equals("rehearsal-failed") && t.message().contains(part));
  }

  @Test
  void aMinerThatIsWellPassesBeforeTheChallengeBlock() throws IOException {
    f.activeDeal(Renter.piece(100_000, 1), 400);
    f.chain.mineUntil("it is rehearsed", () -> rehearsal().path("passed").asBoolean());
    JsonNode r = rehearsal();
    assertEquals(4, r.path("checks").size());
    assertTrue(r.path("checks").get(0).path("found").asText().contains("leaves of 1 deal opened"));
    assertFalse(f.hadTrouble("rehearsal-failed"));
  }

  @Test
  void anOperatorWithoutEtherIsToldHowMuchToSend() throws IOException {
    f.activeDeal(Renter.piece(100_000, 2), 400);
    // Four proofs at 250,000 gas and twice the model's base fee of 1 gwei.
    f.chain.setWei(new BigInteger("2000000000000000"));
    f.chain.mineUntil("it is told", () -> told("gas would be in the way"));
    assertTrue(told("pay 4 proofs"));
    assertTrue(told("send " + f.operator.address() + " 0.003 ether"));
    f.chain.setWei(BigInteger.TEN.pow(18));
    f.chain.mineUntil("it passes again", () -> rehearsal().path("passed").asBoolean());
  }

  @Test
  void aReplicaThatDoesNotOpenIsToldBeforeItIsDrawn() throws IOException {
    DealId id = f.activeDeal(Renter.piece(100_000, 3), 400);
    int before = f.market.proofs.get();
    f.chain.mineUntil("it is proved", () -> f.market.proofs.get() > before);
    Files.delete(f.replica(id));
    f.chain.mineUntil("it is told", () -> told("granary miner repair " + id));
    assertFalse(f.hadTrouble("proof-withheld"), "the rehearsal comes first");
  }
}
