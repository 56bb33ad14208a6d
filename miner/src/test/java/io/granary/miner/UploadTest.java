package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.granary.miner.testing.Await;
import io.granary.miner.testing.Renter;
import io.granary.proofs.Hash32;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.values.DealId;
import io.granary.v1.DealStage;
import io.granary.v1.GetUploadRequest;
import io.granary.v1.UploadPieceRequest;
import io.granary.v1.UploadPieceResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Uploads that stop, lie, or come from the wrong hands. */
final class UploadTest {
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

  private static Status.Code codeOf(Renter.Upload upload) {
    return assertThrows(StatusRuntimeException.class, upload::answer).getStatus().getCode();
  }

  @Test
  void anUploadThatEndsEarlyGoesOnWhereItStopped() {
    byte[] piece = Renter.piece(2_500_000, 1);
    DealId id = f.renter().agree(f.terms(piece, 3));
    UploadPieceResponse first = f.renter().upload(id, piece, 0, 1_000_003);
    assertEquals(1_000_003, first.getDone().getOffset());
    assertFalse(first.getDone().getComplete());
    assertEquals(DealStage.DEAL_STAGE_ACCEPTED, f.renter().stage(id));
    assertEquals(1_000_003, f.renter().offset(id));
    assertEquals(
        1_000_003,
        f.renter()
            .propose(f.node().deals().find(id).orElseThrow().signed(), f.renter().ask())
            .getAccepted()
            .getUploadOffset());
    assertTrue(f.renter().upload(id, piece, 1_000_003, piece.length).getDone().getComplete());
    assertEquals(piece.length, f.renter().offset(id));
  }

  @Test
  void aStreamThatBreaksKeepsWhatWasSynced() {
    byte[] piece = Renter.piece(20 << 20, 2);
    DealId id = f.renter().agree(f.terms(piece, 3));
    Renter.Upload upload = f.renter().upload(id, 0);
    upload.send(piece, 0, 12 << 20);
    Await.until("eight mebibytes are durable", () -> f.renter().offset(id) >= 8 << 20);
    upload.breakOff();
    codeOf(upload);
    long durable = f.renter().offset(id);
    assertTrue(
        f.renter().upload(id, piece, (int) durable, piece.length).getDone().getComplete(),
        "from " + durable);
  }

  @Test
  void theNewestStreamTakesOver() {
    byte[] piece = Renter.piece(9 << 20, 3);
    DealId id = f.renter().agree(f.terms(piece, 3));
    Renter.Upload first = f.renter().upload(id, 0);
    int synced = 8 << 20;
    first.send(piece, 0, synced);
    // Without this the second stream could reach the miner first.
    Await.until("the first stream runs", () -> f.renter().offset(id) == synced);
    assertTrue(f.renter().upload(id, piece, synced, piece.length).getDone().getComplete());
    first.send(piece, synced, synced + 10_000);
    assertEquals("UPLOAD_REPLACED", first.end().getRefused().getCode());
  }

  @Test
  void bytesOfAnotherPieceAreDroppedAndTheRightOnesTakenAfterwards() {
    byte[] piece = Renter.piece(1_300_000, 4);
    byte[] other = Renter.piece(1_300_000, 5);
    DealId id = f.renter().agree(f.terms(piece, 3));
    UploadPieceResponse refused = f.renter().upload(id, other, 0, other.length);
    assertEquals("WRONG_ROOT", refused.getRefused().getCode());
    assertEquals(Renter.root(other).toHex(), refused.getRefused().getActual());
    assertEquals(Renter.root(piece).toHex(), refused.getRefused().getAcceptable());
    assertEquals(0, f.renter().offset(id));
    assertFalse(Files.exists(f.home().resolve("uploads/" + id.hash().toHex() + ".part")));
    assertTrue(f.renter().upload(id, piece, 0, piece.length).getDone().getComplete());
    f.chain.mineUntil("sealed", () -> Files.exists(f.replica(id)));
  }

  @Test
  void aResumedUploadOfWrongBytesIsFoundToo() {
    byte[] piece = Renter.piece(1_300_000, 6);
    DealId id = f.renter().agree(f.terms(piece, 3));
    f.renter().upload(id, piece, 0, 600_000);
    byte[] other = Renter.piece(1_300_000, 7);
    assertEquals(
        "WRONG_ROOT", f.renter().upload(id, other, 600_000, other.length).getRefused().getCode());
    assertEquals(0, f.renter().offset(id));
  }

  @Test
  void aWrongOffsetIsRefusedWithTheRightOne() {
    byte[] piece = Renter.piece(500_000, 8);
    DealId id = f.renter().agree(f.terms(piece, 3));
    f.renter().upload(id, piece, 0, 127_000);
    for (int wrong : new int[] {0, 126_999, 127_001, 500_000}) {
      UploadPieceResponse response = f.renter().upload(id, piece, wrong, piece.length);
      assertEquals("WRONG_OFFSET", response.getRefused().getCode());
      assertEquals("127000", response.getRefused().getAcceptable());
    }
  }

  @Test
  void moreBytesThanProposedAreRefused() {
    byte[] piece = Renter.piece(500_000, 9);
    DealId id = f.renter().agree(f.terms(piece, 3));
    byte[] longer = Renter.piece(500_001, 9);
    UploadPieceResponse response = f.renter().upload(id, longer, 0, longer.length);
    assertEquals("TOO_MANY_BYTES", response.getRefused().getCode());
    assertEquals("500000", response.getRefused().getAcceptable());
    assertTrue(f.renter().upload(id, piece, 0, piece.length).getDone().getComplete());
  }

  @Test
  void atMostSoManyUploadsRunAtATime() throws IOException {
    f.close();
    f.with(c -> c.withTuning(c.tuning().withMaxUploads(2))).start();
    byte[] piece = Renter.piece(9 << 20, 14);
    List<DealId> ids = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      ids.add(f.renter().agree(f.terms(piece, 3)));
    }
    List<Renter.Upload> running = new ArrayList<>();
    for (DealId id : ids.subList(0, 2)) {
      Renter.Upload upload = f.renter().upload(id, 0);
      upload.send(piece, 0, 8 << 20);
      Await.until("it runs", () -> f.renter().offset(id) == 8 << 20);
      running.add(upload);
    }
    UploadPieceResponse third = f.renter().upload(ids.get(2), piece, 0, piece.length);
    assertEquals("BUSY", third.getRefused().getCode());
    assertEquals("below 2", third.getRefused().getAcceptable());
    // A client that comes again for the same deal takes the place that it has.
    assertTrue(f.renter().upload(ids.get(0), piece, 8 << 20, piece.length).getDone().getComplete());
    assertTrue(f.renter().upload(ids.get(2), piece, 0, piece.length).getDone().getComplete());
    running.get(1).breakOff();
  }

  @Test
  void aDealThatIsOverHasNoUpload() {
    byte[] piece = Renter.piece(1_000, 15);
    DealId id = f.renter().agree(f.terms(piece, 3));
    f.chain.mineUntil("failed", () -> f.renter().stage(id) == DealStage.DEAL_STAGE_FAILED);
    StatusRuntimeException refused =
        assertThrows(StatusRuntimeException.class, () -> f.renter().offset(id));
    assertTrue(refused.getMessage().contains("NOT_AWAITED"), refused.getMessage());
  }

  @Test
  void nobodyButTheDealsClientUploads() {
    byte[] piece = Renter.piece(1_000, 10);
    DealId id = f.renter().agree(f.terms(piece, 3));
    assertEquals(Status.Code.UNAUTHENTICATED, codeOf(Renter.upload(f.renter().channel(), id, 0)));
    try (Renter stranger = new Renter(f.peer(), EthKey.generate())) {
      assertEquals(
          "NOT_CLIENT", stranger.upload(id, piece, 0, piece.length).getRefused().getCode());
      StatusRuntimeException refused =
          assertThrows(StatusRuntimeException.class, () -> stranger.offset(id));
      assertTrue(refused.getMessage().contains("NOT_CLIENT"), refused.getMessage());
    }
    assertEquals(0, f.renter().offset(id));
  }

  @Test
  void aTokenSpeaksForOneRequestOnly() {
    byte[] piece = Renter.piece(1_000, 11);
    DealId id = f.renter().agree(f.terms(piece, 3));
    GetUploadRequest request = GetUploadRequest.newBuilder().setDealId(Wire.bytes(id)).build();
    StatusRuntimeException refused =
        assertThrows(StatusRuntimeException.class, () -> f.renter().deals().getUpload(request));
    assertEquals(Status.Code.UNAUTHENTICATED, refused.getStatus().getCode());
  }

  @Test
  void aDealThatNobodyAcceptedTakesNoBytes() {
    byte[] piece = Renter.piece(1_000, 12);
    DealId unknown = new DealId(Hash32.ZERO);
    assertEquals(
        "UNKNOWN_DEAL", f.renter().upload(unknown, piece, 0, piece.length).getRefused().getCode());
  }

  @Test
  void messagesOutOfFormEndTheCallAndNothingElse() {
    byte[] piece = Renter.piece(6_000_000, 13);
    DealId id = f.renter().agree(f.terms(piece, 3));

    Renter.Upload headerless = new Renter.Upload(f.renter().signedChannel());
    headerless.chunk(ByteString.copyFrom(piece, 0, 100));
    assertEquals(Status.Code.INVALID_ARGUMENT, codeOf(headerless));

    Renter.Upload empty = f.renter().upload(id, 0);
    empty.send(UploadPieceRequest.getDefaultInstance());
    assertEquals(Status.Code.INVALID_ARGUMENT, codeOf(empty));

    Renter.Upload wide = f.renter().upload(id, 0);
    wide.chunk(ByteString.copyFrom(piece, 0, (1 << 20) + 1));
    assertEquals(Status.Code.INVALID_ARGUMENT, codeOf(wide));

    Renter.Upload oversized = f.renter().upload(id, 0);
    oversized.chunk(ByteString.copyFrom(piece, 0, 5_000_000));
    assertEquals(Status.Code.RESOURCE_EXHAUSTED, codeOf(oversized));

    assertTrue(
        f.renter()
            .upload(id, piece, (int) f.renter().offset(id), piece.length)
            .getDone()
            .getComplete());
  }
}
