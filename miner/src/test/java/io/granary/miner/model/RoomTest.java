package io.granary.miner.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.granary.miner.testing.Samples;
import io.granary.proofs.Hash32;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.deal.DealStage;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RoomTest {
  private static final RawSize SIZE = new RawSize(1_000_000);
  private final StoredDeal accepted = Samples.deal(1, SIZE);

  @Test
  void aDealInTheMakingReservesItsPeak() {
    Room room = Room.count(10_000_000, List.of(accepted, accepted.at(DealStage.UPLOADED)));
    assertEquals(2 * Footprint.peakBytes(SIZE), room.reservedBytes());
    assertEquals(0, room.usedBytes());
    assertEquals(10_000_000 - 2 * Footprint.peakBytes(SIZE), room.freeBytes());
  }

  @Test
  void aSealedDealUsesWhatLiesOnDisk() {
    StoredDeal sealed = accepted.sealed(Hash32.ZERO);
    Room room =
        Room.count(
            10_000_000,
            List.of(sealed, sealed.at(DealStage.PUBLISHED), sealed.at(DealStage.ACTIVE)));
    assertEquals(3 * Footprint.sealedBytes(SIZE), room.usedBytes());
    assertEquals(0, room.reservedBytes());
  }

  @Test
  void anEndedDealCountsUntilItsBytesAreGone() {
    StoredDeal ended = accepted.sealed(Hash32.ZERO).over(DealStage.ENDED, "completed");
    assertEquals(Footprint.sealedBytes(SIZE), Room.count(1, List.of(ended)).usedBytes());
    assertEquals(0, Room.count(1, List.of(ended.withoutData())).usedBytes());
  }

  @Test
  void aCapacityThatWasLoweredLeavesNothingFree() {
    assertEquals(0, Room.count(10, List.of(accepted)).freeBytes());
  }

  @Test
  void treesAreASmallPartOfTheReplica() {
    RawSize gibibyte = new RawSize(1L << 30);
    long trees = Footprint.sealedBytes(gibibyte) - gibibyte.paddedBytes();
    assertEquals(0, 50 * trees / (2 * gibibyte.paddedBytes()));
  }
}
