package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.admin.AdminClient;
import io.granary.miner.testing.Await;
import io.granary.miner.testing.Renter;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.DealId;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node that is to stop ends what runs, begins nothing, and tells what it had to cut. */
final class DrainTest {
  private static final Duration LONG = Duration.ofMinutes(1);

  private @TempDir Path dir;
  private MinerFixture f;

  @BeforeEach
  void make() throws IOException {
    f = new MinerFixture(dir);
  }

  @AfterEach
  void stop() {
    f.close();
  }

  private void start(Duration drain) throws IOException {
    f.with(c -> c.withDrain(drain)).start();
  }

  private CompletableFuture<DrainReport> drain() {
    MinerNode node = f.node();
    CompletableFuture<DrainReport> report = CompletableFuture.supplyAsync(node::drain);
    Await.until("no call is taken any more", this::isClosed);
    return report;
  }

  /** To somebody who comes anew. */
  private boolean isClosed() {
    try (Renter other = new Renter(f.peer(), f.clientKey)) {
      other.ask();
      return false;
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode() == Status.Code.UNAVAILABLE;
    }
  }

  private Renter.Upload halfAnUpload(DealId id, byte[] piece) {
    Renter.Upload upload = f.renter().upload(id, 0);
    upload.send(piece, 0, 17 << 20);
    Await.until("bytes are durable", () -> f.renter().offset(id) >= 8 << 20);
    return upload;
  }

  private DealStage stage(DealId id) {
    return f.node().deals().find(id).orElseThrow().stage();
  }

  @Test
  void aTransferThatRunsEndsAndWhatFollowsIsLeftToTheNextStart() throws Exception {
    start(LONG);
    byte[] piece = Renter.piece(20 << 20, 1);
    DealId id = f.renter().agree(f.terms(piece, 3));
    Renter.Upload upload = halfAnUpload(id, piece);
    Await.until("ready", () -> f.node().health().ready());
    CompletableFuture<DrainReport> report = drain();
    assertFalse(report.isDone());
    assertFalse(f.node().health().ready());
    assertTrue(f.node().health().live());
    upload.send(piece, 17 << 20, piece.length);
    assertTrue(upload.end().getDone().getComplete());
    assertEquals(List.of(), report.get(60, TimeUnit.SECONDS).cut());
    assertEquals(DealStage.UPLOADED, stage(id));
    f.close();
    f.start();
    f.chain.mineUntil("active", () -> f.chain.state(id) == DealState.ACTIVE);
  }

  @Test
  void aSealingThatRunsEnds() throws Exception {
    start(LONG);
    byte[] piece = Renter.piece(1_000_000, 1);
    DealId id = f.renter().agree(f.terms(piece, 3));
    f.disk.holdSealing();
    f.renter().upload(id, piece, 0, piece.length);
    f.disk.awaitSealing();
    CompletableFuture<DrainReport> report = drain();
    assertFalse(report.isDone());
    f.disk.releaseSealing();
    assertEquals(List.of(), report.get(60, TimeUnit.SECONDS).cut());
    assertTrue(f.node().deals().find(id).orElseThrow().hasReplica());
  }

  @Test
  void aProofThatIsUnderWayEndsAndNoOtherIsBegun() throws Exception {
    start(LONG);
    f.activeDeal(Renter.piece(100_000, 1), 100);
    CountDownLatch sending = new CountDownLatch(1);
    CountDownLatch mined = new CountDownLatch(1);
    f.market.beforeProving(
        () -> {
          sending.countDown();
          try {
            mined.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    f.chain.mineUntil("a proof is under way", () -> sending.getCount() == 0);
    int before = f.market.proofs.get();
    CompletableFuture<DrainReport> report = drain();
    assertFalse(report.isDone());
    mined.countDown();
    assertEquals(List.of(), report.get(60, TimeUnit.SECONDS).cut());
    assertEquals(before + 1, f.market.proofs.get());
  }

  @Test
  void whatIsLongerThanTheDeadlineIsCutAndTold() throws Exception {
    start(Duration.ZERO);
    byte[] large = Renter.piece(20 << 20, 1);
    byte[] small = Renter.piece(1_000_000, 2);
    DealId uploading = f.renter().agree(f.terms(large, 3));
    DealId sealing = f.renter().agree(f.terms(small, 3));
    f.disk.holdSealing();
    f.renter().upload(sealing, small, 0, small.length);
    f.disk.awaitSealing();
    Renter.Upload upload = halfAnUpload(uploading, large);
    DrainReport report = f.node().drain();
    assertTrue(
        report.cut().contains("the upload of deal " + uploading + "; its client resumes it"),
        report::toString);
    assertTrue(
        report.cut().contains("the sealing of deal " + sealing + "; it begins anew"),
        report::toString);
    assertEquals(report, f.node().drain(), "a second one says the same");
    upload.breakOff();
    f.close();
    f.start();
    int offset = (int) f.renter().offset(uploading);
    assertTrue(offset >= 8 << 20, "what was acknowledged is there: " + offset);
    f.renter().upload(uploading, large, offset, large.length);
    // A slow machine must not seal until the proposals are over.
    for (DealId id : List.of(uploading, sealing)) {
      Await.until("it is sealed", () -> stage(id).compareTo(DealStage.SEALED) >= 0);
    }
    f.chain.mineUntil(
        "both are active",
        () ->
            f.chain.state(uploading) == DealState.ACTIVE
                && f.chain.state(sealing) == DealState.ACTIVE);
  }

  @Test
  void theOperatorIsToldOverTheSocketAndTheProcessMayEnd() throws Exception {
    start(LONG);
    CompletableFuture<DrainReport> ended = f.node().whenDrained();
    assertFalse(ended.isDone());
    AdminClient admin = new AdminClient(f.home());
    DrainReport report = admin.drain().orElseThrow();
    assertEquals(List.of(), report.cut());
    assertEquals(report, ended.get(30, TimeUnit.SECONDS));
    assertTrue(isClosed());
    f.close();
    assertEquals(Optional.empty(), admin.drain(), "no node runs any more");
  }
}
