package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.storage.StorageException;
import io.granary.miner.testing.Await;
import io.granary.miner.testing.Renter;
import io.granary.proofs.Hash32;
import io.granary.proofs.challenge.Positions;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.MinerMarket;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.v1.GetPeriodProofRequest;
import io.granary.v1.OpenLeavesRequest;
import io.granary.v1.OpenLeavesResponse;
import io.granary.v1.UploadPieceResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Disks that are full, rot, or lose files; ports and stores that are taken. */
final class BadDiskTest {
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

  private static void flip(Path file, long at) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, at);
      one.put(0, (byte) (one.get(0) ^ 0x10)).rewind();
      channel.write(one, at);
    }
  }

  private OpenLeavesResponse open(DealId id, long... leaves) {
    OpenLeavesRequest.Builder request = OpenLeavesRequest.newBuilder().setDealId(Wire.bytes(id));
    for (long leaf : leaves) {
      request.addLeafIndices(leaf);
    }
    return f.renter().proofs().openLeaves(request.build());
  }

  @Test
  void aFullDiskRefusesAndTheUploadGoesOnWhenThereIsRoom() {
    byte[] piece = Renter.piece(20 << 20, 1);
    DealId id = f.renter().agree(f.terms(piece, 3));
    f.disk.setLeft(10 << 20);
    UploadPieceResponse full = f.renter().upload(id, piece, 0, piece.length);
    assertEquals("DISK_FAILED", full.getRefused().getCode());
    assertTrue(full.getRefused().getMessage().contains("No space left"), full.toString());
    assertTrue(f.hadTrouble("upload-failed"));
    long durable = f.renter().offset(id);
    assertTrue(durable <= 10 << 20);
    f.disk.setLeft(1L << 40);
    assertTrue(f.renter().upload(id, piece, (int) durable, piece.length).getDone().getComplete());
  }

  @Test
  void aPieceThatDoesNotFitIsDeclined() {
    f.disk.setLeft(1 << 20);
    assertEquals(
        "DISK_FULL",
        f.renter()
            .propose(f.renter().sign(f.terms(Renter.piece(1 << 20, 2), 3)), f.renter().ask())
            .getDeclined()
            .getCode());
  }

  @Test
  void aSealingThatFailsIsTriedAgain() {
    byte[] piece = Renter.piece(3_000_000, 3);
    DealId id = f.renter().agree(f.terms(piece, 3));
    f.disk.holdSealing();
    f.renter().upload(id, piece, 0, piece.length);
    f.disk.setLeft(1_500_000);
    f.disk.releaseSealing();
    Await.until("it failed", () -> f.hadTrouble("sealing-failed"));
    assertFalse(Files.exists(f.replica(id)));
    f.disk.setLeft(1L << 40);
    f.chain.mineUntil("active", () -> f.chain.state(id) == DealState.ACTIVE);
  }

  @Test
  void aSealingThatGetsNoFurtherBeginsInNewFiles() {
    byte[] piece = Renter.piece(3_000_000, 4);
    DealId id = f.renter().agree(f.terms(piece, 3));
    f.disk.holdSealing();
    f.renter().upload(id, piece, 0, piece.length);
    f.disk.setBroken(true);
    f.disk.releaseSealing();
    Path tree = f.replica(id).resolveSibling(id.hash().toHex() + ".piece-tree.tmp");
    assertTrue(Files.exists(tree), "kept from the upload");
    Await.until("it is given up", () -> !Files.exists(tree));
    f.disk.setBroken(false);
    f.chain.mineUntil("active", () -> f.chain.state(id) == DealState.ACTIVE);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1_040_383, 1_040_384, 2_999_999})
  void aBitThatFlipsBetweenUploadAndSealingIsNeverSealed(int at) throws IOException {
    byte[] piece = Renter.piece(3_000_000, 9);
    DealId id = f.renter().agree(f.terms(piece, 3));
    f.disk.holdSealing();
    assertTrue(f.renter().upload(id, piece, 0, piece.length).getDone().getComplete());
    flip(f.part(id), at);
    f.disk.releaseSealing();
    Await.until("it is noticed", () -> f.hadTrouble("staged-piece-changed"));
    Await.until(
        "it is awaited again",
        () -> f.node().deals().find(id).orElseThrow().stage() == DealStage.ACCEPTED);
    assertFalse(Files.exists(f.replica(id)));
    assertEquals(0, f.renter().offset(id));
    assertTrue(f.renter().upload(id, piece, 0, piece.length).getDone().getComplete());
    f.chain.mineUntil("active", () -> f.chain.state(id) == DealState.ACTIVE);
  }

  @Test
  void aPieceThatChangedBehindARestartIsHashedAgain() throws IOException {
    byte[] piece = Renter.piece(1_500_000, 10);
    DealId id = f.renter().agree(f.terms(piece, 3));
    f.disk.holdSealing();
    f.renter().upload(id, piece, 0, piece.length);
    flip(f.part(id), 1_000_000);
    f.crashAndRestart();
    Await.until("it is noticed", () -> f.hadTrouble("staged-piece-changed"));
    assertFalse(Files.exists(f.replica(id)));
  }

  @Test
  void aRottenReplicaIsNeverProvedNorServed() throws IOException {
    byte[] piece = Renter.piece(1_000_000, 4);
    DealId id = f.activeDeal(piece, 200);
    byte[] good = Files.readAllBytes(f.replica(id));
    // Every block is hit, so whatever is drawn is damaged.
    for (long at = 7; at < good.length; at += 4096) {
      flip(f.replica(id), at);
    }
    f.chain.mineUntil("it is withheld", () -> f.hadTrouble("proof-withheld"));
    assertTrue(
        f.node().troubles().stream()
            .anyMatch(
                t -> t.event().equals("proof-withheld") && t.message().contains(id.toString())));
    assertEquals(
        "DAMAGED",
        f.renter().retrieve(id, new RawSize(piece.length), Renter.root(piece), 0, 0).refused());
    assertEquals("DAMAGED", open(id, 5).getRefused().getCode());
    int before = f.market.proofs.get();
    Files.write(f.replica(id), good);
    f.chain.mineUntil("it is proved again", () -> f.market.proofs.get() > before);
    assertArrayEquals(
        piece,
        f.renter().retrieve(id, new RawSize(piece.length), Renter.root(piece), 0, 0).bytes());
    assertEquals(0, f.market.wrongProofs.get());
  }

  @Test
  void aDamagedByteSpoilsItsRangeOnly() throws IOException {
    byte[] piece = Renter.piece(3_000_000, 5);
    DealId id = f.activeDeal(piece, 200);
    flip(f.replica(id), 2_500_000);
    RawSize size = new RawSize(piece.length);
    assertArrayEquals(
        java.util.Arrays.copyOfRange(piece, 100, 1_000_100),
        f.renter().retrieve(id, size, Renter.root(piece), 100, 1_000_000).bytes());
    assertEquals(
        "DAMAGED", f.renter().retrieve(id, size, Renter.root(piece), 2_000_000, 0).refused());
  }

  @Test
  void aLostReplicaThatIsDeclaredSpoilsNoProofAndIsProvedAgainWhenItHasRecovered()
      throws IOException {
    DealId kept = f.activeDeal(Renter.piece(100_000, 16), 200);
    DealId lost = f.activeDeal(Renter.piece(120_000, 17), 200);
    byte[] replica = Files.readAllBytes(f.replica(lost));
    Files.delete(f.replica(lost));
    f.chain.mineUntil("it is withheld", () -> f.hadTrouble("proof-withheld"));
    String command = "granary miner fault " + lost;
    assertTrue(f.node().troubles().stream().anyMatch(t -> t.message().contains(command)));
    f.chain.mineUntil(
        "it is declared",
        () -> f.market.declareFaults(List.of(lost)) instanceof TxResult.Confirmed);
    int before = f.market.proofs.get();
    f.chain.mineUntil("the other is proved alone", () -> f.market.proofs.get() >= before + 2);
    Period since = f.chain.deal(lost).orElseThrow().faultySince();
    assertFalse(isSigned(lost, since));
    assertTrue(isSigned(kept, since));
    Files.write(f.replica(lost), replica);
    f.chain.mineUntil("it is recovered", () -> recovered(lost));
    Period from = f.chain.deal(lost).orElseThrow().cursor();
    f.chain.mineUntil(
        "it is proved again",
        () -> f.chain.isProved(f.chain.deal(lost).orElseThrow().miner(), from));
    f.chain.mineUntil("and audited", () -> isSigned(lost, from));
    assertEquals(0, f.market.wrongProofs.get());
  }

  private boolean isSigned(DealId id, Period period) {
    return f.renter()
        .proofs()
        .getPeriodProof(
            GetPeriodProofRequest.newBuilder()
                .setDealId(Wire.bytes(id))
                .setPeriod((int) period.index())
                .build())
        .hasProof();
  }

  private boolean recovered(DealId id) {
    Address miner = f.chain.deal(id).orElseThrow().miner();
    long head = f.chain.head().number().value();
    Period drawnBy = new Period(f.chain.clock(miner).nextDuty(head + 1) - 1);
    Optional<Hash32> seed = f.chain.recoverySeed(id, miner, drawnBy);
    if (seed.isEmpty()) {
      return false;
    }
    DealProposal terms = f.node().deals().find(id).orElseThrow().terms();
    List<Long> positions = Positions.seal(seed.get(), 4, terms.size().leafCount());
    OpenLeavesResponse opened = open(id, positions.stream().mapToLong(Long::longValue).toArray());
    byte[] openings =
        DualOpening.pack(opened.getOpened().getOpeningsList().stream().map(Wire::opening).toList());
    return f.market.recover(new MinerMarket.Activation(terms, openings))
        instanceof TxResult.Confirmed;
  }

  @Test
  void aLostReplicaMissesThePeriodAndSaysSo() throws IOException {
    DealId id = f.activeDeal(Renter.piece(100_000, 6), 200);
    Files.delete(f.replica(id));
    f.chain.mineUntil("missed", () -> f.hadTrouble("missed"));
    assertTrue(f.hadTrouble("proof-withheld"));
    assertEquals(0, f.market.wrongProofs.get());
  }

  @Test
  void aDamagedReplicaIsNotActivated() throws IOException {
    byte[] piece = Renter.piece(100_000, 7);
    f.market.holdActivations(true);
    DealId id = f.renter().agree(f.terms(piece, 3));
    f.renter().upload(id, piece, 0, piece.length);
    f.chain.mineUntil("published", () -> f.chain.state(id) == DealState.PUBLISHED);
    long length = Files.size(f.replica(id));
    for (long at = 3; at < length; at += 32) {
      flip(f.replica(id), at);
    }
    f.market.holdActivations(false);
    f.chain.mineUntil("expired", () -> f.chain.state(id) == DealState.EXPIRED);
    assertTrue(f.hadTrouble("damaged"));
    assertEquals(0, f.market.wrongProofs.get());
  }

  @Test
  void leavesOpenInBothTrees() {
    byte[] piece = Renter.piece(1_000_000, 8);
    DealId id = f.activeDeal(piece, 200);
    long last = new RawSize(piece.length).leafCount() - 1;
    assertEquals(3, open(id, 0, 77, last).getOpened().getOpeningsCount());
    assertThrows(io.grpc.StatusRuntimeException.class, () -> open(id, last + 1));
    assertThrows(io.grpc.StatusRuntimeException.class, () -> open(id));
    assertThrows(
        io.grpc.StatusRuntimeException.class,
        () -> open(id, IntStream.range(0, 33).asLongStream().toArray()));
  }

  @Test
  void aBusyPortIsToldAndLeavesNothingOpen() throws IOException {
    f.close();
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = taken.getLocalPort();
      f.with(c -> c.withEndpoint("127.0.0.1", port, "127.0.0.1:" + port));
      IOException refused = assertThrows(IOException.class, () -> f.start());
      assertTrue(String.valueOf(refused.getMessage()).contains(String.valueOf(port)));
    }
    // The store was let go: the next start opens it.
    f.start();
  }

  @Test
  void aStartThatTheChainFailsLeavesNoLoopBehind() throws IOException {
    f.close();
    f.chain.setDown(true);
    assertThrows(ChainUnavailableException.class, () -> f.start());
    assertTrue(
        Thread.getAllStackTraces().keySet().stream()
            .noneMatch(t -> t.getName().startsWith("miner-")));
    f.chain.setDown(false);
    f.start();
  }

  @Test
  void aStoreThatIsInUseIsNotOpenedTwice() {
    StorageException refused =
        assertThrows(
            StorageException.class,
            () ->
                MinerNode.start(
                    f.config(),
                    new MinerPorts(f.chain, f.chain, f.market, f.chain, f.chain),
                    f.operator,
                    f.miner,
                    f.tlsFolder()));
    assertTrue(String.valueOf(refused.getMessage()).contains("stop the other process"));
  }
}
