package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.granary.miner.testing.Await;
import io.granary.miner.testing.Renter;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.grpc.PeerChannels;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.values.DealId;
import io.granary.v1.RetrievalServiceGrpc;
import io.granary.v1.RetrieveRangeRequest;
import io.granary.v1.RetrieveRangeResponse;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Peers that ask for everything and read nothing cost a bounded amount of memory. */
class RetrievalLimitTest {
  // More than the transport takes off the node's hands while nobody reads.
  private static final byte[] PIECE = Renter.piece(12 << 20, 31);

  @TempDir Path dir;

  /** Takes nothing of what comes. */
  private static final class Deaf
      implements ClientResponseObserver<RetrieveRangeRequest, RetrieveRangeResponse> {
    @Override
    public void beforeStart(ClientCallStreamObserver<RetrieveRangeRequest> requestStream) {
      requestStream.disableAutoRequestWithInitial(0);
    }

    @Override
    public void onNext(RetrieveRangeResponse value) {}

    @Override
    public void onError(Throwable t) {}

    @Override
    public void onCompleted() {}
  }

  private static String retrieve(MinerFixture f, DealId id) {
    return f.renter()
        .retrieve(id, new RawSize(PIECE.length), Renter.root(PIECE), 0, 1000)
        .refused();
  }

  @Test
  void streamsThatNobodyReadsAreBoundedAndFreedWhenTheyEnd() throws IOException {
    List<ManagedChannel> channels = new ArrayList<>();
    try (MinerFixture f = new MinerFixture(dir).start()) {
      DealId id = f.activeDeal(PIECE, 400);
      // More than there are places: one that the question below takes for a moment is not lost.
      for (int c = 0; c < 3; c++) {
        ManagedChannel channel = PeerChannels.open(f.peer());
        channels.add(channel);
        for (int i = 0; i < 32; i++) {
          RetrievalServiceGrpc.newStub(channel)
              .retrieveRange(
                  RetrieveRangeRequest.newBuilder().setDealId(Wire.bytes(id)).build(), new Deaf());
        }
      }
      Await.until("it is busy", () -> "BUSY".equals(retrieve(f, id)));
      channels.forEach(ManagedChannel::shutdownNow);
      Await.until("it serves again", () -> "".equals(retrieve(f, id)));
      byte[] all =
          f.renter().retrieve(id, new RawSize(PIECE.length), Renter.root(PIECE), 0, 0).bytes();
      assertArrayEquals(PIECE, all);
      assertEquals(0, f.market.wrongProofs.get());
    } finally {
      channels.forEach(ManagedChannel::shutdownNow);
    }
  }
}
