package io.granary.protocol.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.values.Address;
import io.granary.v1.DealServiceGrpc;
import io.granary.v1.GetAskRequest;
import io.granary.v1.GetAskResponse;
import io.granary.v1.GetDealRequest;
import io.granary.v1.GetDealResponse;
import io.granary.v1.RetrievalServiceGrpc;
import io.granary.v1.RetrieveChunk;
import io.granary.v1.RetrieveRangeRequest;
import io.granary.v1.RetrieveRangeResponse;
import io.granary.v1.UploadPieceRequest;
import io.granary.v1.UploadPieceResponse;
import io.grpc.BindableService;
import io.grpc.ClientInterceptors;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server never waits for ever: neither for a silent peer nor for a handler that hangs. */
class GuardTest {
  private static final Address NODE = Address.parse("0x" + "01".repeat(20));
  private static final SigningDomain DOMAIN = new SigningDomain(1, NODE);
  private static final Guards SHORT =
      new Guards(
          Duration.ofMillis(500),
          Duration.ofMillis(500),
          Duration.ofMinutes(1),
          Duration.ofMillis(200),
          1 << 20,
          Duration.ofSeconds(30),
          // Long enough for the first call to come on a machine that is busy.
          Duration.ofSeconds(2),
          8,
          3);

  private static final Guards SHORT_HANDSHAKE =
      new Guards(
          SHORT.call(),
          SHORT.longestCall(),
          SHORT.stream(),
          SHORT.idle(),
          SHORT.idleBytes(),
          Duration.ofMillis(100),
          SHORT.connectionIdle(),
          SHORT.connections(),
          SHORT.connectionsPerAddress());

  @TempDir Path dir;
  private final CountDownLatch toldToStop = new CountDownLatch(1);
  private NodeServer server;
  private ManagedChannel channel;

  private final class Deals extends DealServiceGrpc.DealServiceImplBase {
    @Override
    public void getDeal(GetDealRequest request, StreamObserver<GetDealResponse> observer) {
      // A handler that never answers.
    }

    @Override
    public void getAsk(GetAskRequest request, StreamObserver<GetAskResponse> observer) {
      observer.onNext(GetAskResponse.getDefaultInstance());
      observer.onCompleted();
    }

    @Override
    public StreamObserver<UploadPieceRequest> uploadPiece(
        StreamObserver<UploadPieceResponse> observer) {
      return new StreamObserver<>() {
        @Override
        public void onNext(UploadPieceRequest value) {}

        @Override
        public void onError(Throwable t) {
          toldToStop.countDown();
        }

        @Override
        public void onCompleted() {}
      };
    }
  }

  /** Sends as much as the transport takes. */
  private final class Pouring extends RetrievalServiceGrpc.RetrievalServiceImplBase {
    @Override
    public void retrieveRange(
        RetrieveRangeRequest request, StreamObserver<RetrieveRangeResponse> observer) {
      ServerCallStreamObserver<RetrieveRangeResponse> call =
          (ServerCallStreamObserver<RetrieveRangeResponse>) observer;
      RetrieveRangeResponse megabyte =
          RetrieveRangeResponse.newBuilder()
              .setChunk(RetrieveChunk.newBuilder().setData(ByteString.copyFrom(new byte[1 << 20])))
              .build();
      call.setOnCancelHandler(toldToStop::countDown);
      call.setOnReadyHandler(
          () -> {
            while (call.isReady()) {
              call.onNext(megabyte);
            }
          });
    }
  }

  /** Works for four times as long as a silent peer is given, before each of two chunks. */
  private static final class Slow extends RetrievalServiceGrpc.RetrievalServiceImplBase {
    @Override
    public void retrieveRange(
        RetrieveRangeRequest request, StreamObserver<RetrieveRangeResponse> observer) {
      try {
        for (int i = 0; i < 2; i++) {
          Thread.sleep(4 * SHORT.idle().toMillis());
          observer.onNext(RetrieveRangeResponse.getDefaultInstance());
        }
        observer.onCompleted();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @BeforeEach
  void start() throws IOException {
    start(new Slow(), SHORT);
  }

  private void start(BindableService retrieval, Guards guards) throws IOException {
    TlsIdentity tls = TlsIdentity.loadOrCreate(dir);
    server =
        NodeServer.start(
            new InetSocketAddress("127.0.0.1", 0),
            tls,
            new CallAuth(DOMAIN, NODE, Clock.systemUTC()),
            Quota.STANDARD,
            List.of(new Deals(), retrieval),
            guards);
    channel =
        PeerChannels.open(new PeerRecord(NODE, "127.0.0.1:" + server.port(), tls.tlsKeyHash()));
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.close();
  }

  @Test
  void a_peer_that_goes_silent_in_a_stream_is_cut_off_and_the_handler_told() throws Exception {
    CompletableFuture<Throwable> end = new CompletableFuture<>();
    StreamObserver<UploadPieceRequest> upload = authenticated().uploadPiece(told(end));
    upload.onNext(UploadPieceRequest.getDefaultInstance());
    Status status = Status.fromThrowable(waitFor(end));
    assertEquals(Status.Code.DEADLINE_EXCEEDED, status.getCode());
    assertTrue(String.valueOf(status.getDescription()).contains("resume"), status.toString());
    assertTrue(toldToStop.await(30, TimeUnit.SECONDS), "the handler lets go of what it holds");
  }

  @Test
  void a_peer_that_sends_a_byte_now_and_then_is_cut_off_too() throws Exception {
    CompletableFuture<Throwable> end = new CompletableFuture<>();
    StreamObserver<UploadPieceRequest> upload = authenticated().uploadPiece(told(end));
    UploadPieceRequest oneByte =
        UploadPieceRequest.newBuilder().setChunk(ByteString.copyFrom(new byte[1])).build();
    // Ten times as often as a silent one is given time.
    try (ScheduledExecutorService trickle = Executors.newSingleThreadScheduledExecutor()) {
      trickle.scheduleAtFixedRate(() -> upload.onNext(oneByte), 0, 20, TimeUnit.MILLISECONDS);
      Status status = Status.fromThrowable(waitFor(end));
      trickle.shutdownNow();
      assertEquals(Status.Code.DEADLINE_EXCEEDED, status.getCode());
      assertTrue(String.valueOf(status.getDescription()).contains("bytes"), status.toString());
    }
    assertTrue(toldToStop.await(30, TimeUnit.SECONDS), "the handler lets go of what it holds");
  }

  @Test
  void a_peer_that_reads_nothing_is_cut_off_with_its_connection_and_the_handler_told()
      throws Exception {
    stop();
    start(new Pouring(), SHORT);
    RetrievalServiceGrpc.newStub(channel)
        .retrieveRange(RetrieveRangeRequest.getDefaultInstance(), new Deaf());
    assertTrue(toldToStop.await(30, TimeUnit.SECONDS), "the handler lets go of what it holds");
    awaitNoLonger(ConnectivityState.READY);
  }

  /** Takes nothing of what comes. */
  private static final class Deaf
      implements ClientResponseObserver<RetrieveRangeRequest, RetrieveRangeResponse> {
    @Override
    public void beforeStart(ClientCallStreamObserver<RetrieveRangeRequest> call) {
      call.disableAutoRequestWithInitial(0);
    }

    @Override
    public void onNext(RetrieveRangeResponse value) {}

    @Override
    public void onError(Throwable t) {}

    @Override
    public void onCompleted() {}
  }

  private void awaitNoLonger(ConnectivityState state) throws InterruptedException {
    CountDownLatch changed = new CountDownLatch(1);
    channel.notifyWhenStateChanged(state, changed::countDown);
    assertTrue(changed.await(30, TimeUnit.SECONDS), "the connection is still " + state);
  }

  @Test
  void a_connection_without_a_handshake_is_closed() throws IOException {
    stop();
    start(new Slow(), SHORT_HANDSHAKE);
    try (Socket socket = new Socket("127.0.0.1", server.port())) {
      socket.setSoTimeout(30_000);
      assertTrue(isClosed(socket));
    }
  }

  private static boolean isClosed(Socket socket) throws IOException {
    try {
      return socket.getInputStream().read() < 0;
    } catch (SocketException reset) {
      return true;
    }
  }

  @Test
  void a_connection_without_a_call_is_closed() throws Exception {
    DealServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(30, TimeUnit.SECONDS)
        .getAsk(GetAskRequest.getDefaultInstance());
    awaitNoLonger(ConnectivityState.READY);
  }

  @Test
  void connections_are_bounded_and_free_again_when_they_close() throws IOException {
    List<Socket> open = new ArrayList<>();
    try {
      for (int i = 0; i < SHORT.connectionsPerAddress(); i++) {
        open.add(new Socket("127.0.0.1", server.port()));
      }
      try (Socket tooMany = new Socket("127.0.0.1", server.port())) {
        tooMany.setSoTimeout(30_000);
        assertTrue(isClosed(tooMany));
      }
      // A peer of another address is not kept out.
      try (Socket other =
          new Socket(
              InetAddress.getByName("127.0.0.1"),
              server.port(),
              InetAddress.getByName("127.0.0.2"),
              0)) {
        assertTrue(other.isConnected());
      }
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
    // The handshakes' time is over for those at the latest, and there is room.
    StatusRuntimeException last = null;
    for (int i = 0; i < 100; i++) {
      try {
        DealServiceGrpc.newBlockingStub(channel)
            .withWaitForReady()
            .withDeadlineAfter(30, TimeUnit.SECONDS)
            .getAsk(GetAskRequest.getDefaultInstance());
        return;
      } catch (StatusRuntimeException e) {
        last = e;
      }
    }
    throw new AssertionError(last);
  }

  private DealServiceGrpc.DealServiceStub authenticated() {
    return DealServiceGrpc.newStub(
        ClientInterceptors.intercept(
            channel, new AuthClientInterceptor(DOMAIN, EthKey.generate(), NODE)));
  }

  private static StreamObserver<UploadPieceResponse> told(CompletableFuture<Throwable> end) {
    return new StreamObserver<>() {
      @Override
      public void onNext(UploadPieceResponse value) {}

      @Override
      public void onError(Throwable t) {
        end.complete(t);
      }

      @Override
      public void onCompleted() {
        end.completeExceptionally(new AssertionError("it was not cut off"));
      }
    };
  }

  private static Throwable waitFor(CompletableFuture<Throwable> end) throws Exception {
    try {
      return end.get(30, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new AssertionError(e.getCause());
    }
  }

  @Test
  void a_handler_that_hangs_is_answered_for_whatever_deadline_the_peer_gave() {
    StatusRuntimeException e =
        assertThrows(
            StatusRuntimeException.class,
            () ->
                DealServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(60, TimeUnit.SECONDS)
                    .getDeal(GetDealRequest.getDefaultInstance()));
    assertEquals(Status.Code.DEADLINE_EXCEEDED, e.getStatus().getCode());
    assertTrue(String.valueOf(e.getMessage()).contains("this node gives"), e.getMessage());
  }

  @Test
  void a_handler_at_work_is_not_taken_for_a_silent_peer() {
    int chunks = 0;
    for (var answers =
            RetrievalServiceGrpc.newBlockingStub(channel)
                .retrieveRange(RetrieveRangeRequest.getDefaultInstance());
        answers.hasNext();
        answers.next()) {
      chunks++;
    }
    assertEquals(2, chunks);
  }
}
