package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.testing.Renter;
import io.granary.protocol.values.DealId;
import io.granary.v1.GetDealRequest;
import io.granary.v1.OpenLeavesRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Numbers and lengths that are wrong are named; what is right comes back right. */
final class MalformedInputTest {
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

  @Test
  void fieldsOfTheWrongLengthAreNamed() {
    for (int length : new int[] {0, 31, 33}) {
      StatusRuntimeException refused =
          assertThrows(
              StatusRuntimeException.class,
              () ->
                  f.renter()
                      .deals()
                      .getDeal(
                          GetDealRequest.newBuilder()
                              .setDealId(com.google.protobuf.ByteString.copyFrom(new byte[length]))
                              .build()));
      assertEquals(Status.Code.INVALID_ARGUMENT, refused.getStatus().getCode());
      assertTrue(String.valueOf(refused.getMessage()).contains("deal_id"), refused.getMessage());
    }
  }

  @Test
  void numbersOutOfRangeAreRefused() {
    byte[] piece = Renter.piece(100_000, 2);
    DealId id = f.activeDeal(piece, 100);
    for (long[] range :
        new long[][] {{-1, 5}, {100_000, 0}, {0, 100_001}, {5, -1}, {Long.MAX_VALUE, 9}}) {
      StatusRuntimeException refused =
          assertThrows(
              StatusRuntimeException.class,
              () ->
                  f.renter()
                      .retrieve(
                          id,
                          new io.granary.proofs.piece.RawSize(piece.length),
                          Renter.root(piece),
                          range[0],
                          range[1]));
      assertEquals(Status.Code.INVALID_ARGUMENT, refused.getStatus().getCode());
    }
    for (long leaf : new long[] {-1, 1L << 40}) {
      StatusRuntimeException refused =
          assertThrows(
              StatusRuntimeException.class,
              () ->
                  f.renter()
                      .proofs()
                      .openLeaves(
                          OpenLeavesRequest.newBuilder()
                              .setDealId(io.granary.protocol.grpc.Wire.bytes(id))
                              .addLeafIndices(leaf)
                              .build()));
      assertEquals(Status.Code.INVALID_ARGUMENT, refused.getStatus().getCode());
    }
  }

  @Test
  void rangesOfAnyKindComeBackRight() {
    byte[] piece = Renter.piece(2_345_678, 3);
    DealId id = f.activeDeal(piece, 100);
    io.granary.proofs.piece.RawSize size = new io.granary.proofs.piece.RawSize(piece.length);
    Random random = new Random(4);
    for (int i = 0; i < 40; i++) {
      int offset = random.nextInt(piece.length);
      int length = 1 + random.nextInt(piece.length - offset);
      org.junit.jupiter.api.Assertions.assertArrayEquals(
          java.util.Arrays.copyOfRange(piece, offset, offset + length),
          f.renter().retrieve(id, size, Renter.root(piece), offset, length).bytes());
    }
  }
}
