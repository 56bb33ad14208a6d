package io.granary.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.client.store.StoredFile;
import io.granary.client.testing.FakeMiner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A put that ends at one of its steps, as by a kill, and is run again by a new client. */
class PutInterruptedTest extends ClientFixture {
  private static final Redundancy TWO_OF_THREE = Redundancy.shards(2, 1);
  private static final int STEPS = 2 + 3 * 3;

  /** Nothing of the client's own catches it. */
  private static final class Killed extends Error {
    private static final long serialVersionUID = 1L;
  }

  /**
   * Lets so many steps pass, and none after them, in no thread of the put; gRPC's own, which tell
   * how much is sent, would take it for a fault of the connection.
   */
  private static Progress.Listener killedAt(int step) {
    AtomicInteger steps = new AtomicInteger();
    return s -> {
      if (!(s instanceof Progress.Uploading) && steps.incrementAndGet() >= step) {
        throw new Killed();
      }
    };
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
  void it_goes_on_with_the_same_pieces_and_nothing_is_proposed_or_sent_twice(int step)
      throws IOException {
    List<FakeMiner> miners = new ArrayList<>();
    for (int i = 1; i <= 4; i++) {
      miners.add(miner(i));
    }
    Path file = file("a.bin", bytes(SIZE, step));
    // Two steps at first, and three for each piece.
    assertThrows(
        Throwable.class,
        () -> client(TWO_OF_THREE, true).put(file, killedAt(Math.min(step, STEPS))));
    if (step > STEPS) {
      // Killed once more, soon after it has begun to go on.
      assertThrows(
          Throwable.class, () -> client(TWO_OF_THREE, true).put(file, killedAt(step - STEPS)));
    }
    StoredFile stored = client(TWO_OF_THREE, true).put(file, steps::add);
    assertTrue(stored.complete());
    for (FakeMiner miner : miners) {
      // A fake miner refuses bytes that come twice: they would not be the proposal's.
      assertTrue(miner.proposed().size() <= 1, miner.proposed()::toString);
    }
    assertEquals(3, miners.stream().filter(m -> !m.proposed().isEmpty()).count());
    Path back = dir.resolve("back.bin");
    client(TWO_OF_THREE, true).get("a.bin", back, steps::add);
    assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(back));
  }
}
