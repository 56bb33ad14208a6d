package io.granary.miner.testing;

import com.google.protobuf.UnsafeByteOperations;
import io.granary.proofs.Hash32;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.grpc.AuthClientInterceptor;
import io.granary.protocol.grpc.PeerChannels;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.v1.DealServiceGrpc;
import io.granary.v1.RetrievalServiceGrpc;
import io.granary.v1.RetrieveRangeRequest;
import io.granary.v1.RetrieveRangeResponse;
import io.granary.v1.UploadHeader;
import io.granary.v1.UploadPieceRequest;
import io.granary.v1.UploadPieceResponse;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The peers of {@code TransferLoadReport}, as a process of their own: every upload and every
 * retrieval has its own connection, all begin at once, and whoever is told BUSY comes back.
 */
public final class ManyTransfers {
  private static final int CHUNK = 1 << 20;

  private final PeerRecord miner;
  private final EthKey key;
  private final byte[] piece;
  private final Map<String, AtomicInteger> answers = new ConcurrentSkipListMap<>();

  private ManyTransfers(PeerRecord miner, EthKey key, byte[] piece) {
    this.miner = miner;
    this.key = key;
    this.piece = piece;
  }

  /**
   * Runs it and prints each kind of answer with its number.
   *
   * @param args a file with: miner, endpoint, TLS key hash, the client's key, size of the pieces,
   *     number of retrievals, the deal to retrieve, then the deals to upload, one a line
   */
  public static void main(String[] args) throws Exception {
    List<String> lines = Files.readAllLines(Path.of(args[0]));
    ManyTransfers all =
        new ManyTransfers(
            new PeerRecord(Address.parse(lines.get(0)), lines.get(1), Hash32.fromHex(lines.get(2))),
            EthKey.of(HexFormat.of().parseHex(lines.get(3))),
            Renter.piece(Integer.parseInt(lines.get(4)), 1));
    DealId stored = DealId.parse(lines.get(6));
    CountDownLatch begin = new CountDownLatch(1);
    List<CompletableFuture<Void>> ends = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (String id : lines.subList(7, lines.size())) {
        ends.add(
            CompletableFuture.runAsync(
                () -> all.transfer("upload", begin, c -> all.upload(c, DealId.parse(id))),
                threads));
      }
      for (int i = 0; i < Integer.parseInt(lines.get(5)); i++) {
        ends.add(
            CompletableFuture.runAsync(
                () -> all.transfer("retrieval", begin, c -> all.retrieve(c, stored)), threads));
      }
      begin.countDown();
      CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new)).get(10, TimeUnit.MINUTES);
    }
    all.answers.forEach((what, n) -> System.out.println(what + " " + n));
    System.exit(0);
  }

  /** One try: what the node said. */
  @FunctionalInterface
  private interface Attempt {
    String on(Channel channel) throws Exception;
  }

  private void transfer(String what, CountDownLatch begin, Attempt attempt) {
    ManagedChannel channel = PeerChannels.open(miner);
    try {
      begin.await();
      String answer = "BUSY";
      while (answer.equals("BUSY")) {
        answer = attempt.on(channel);
        answers.computeIfAbsent(what + " " + answer, a -> new AtomicInteger()).incrementAndGet();
        if (answer.equals("BUSY")) {
          Thread.sleep(ThreadLocalRandom.current().nextLong(500, 1500));
        }
      }
    } catch (Exception e) {
      answers
          .computeIfAbsent(what + " FAILED: " + Status.fromThrowable(e), a -> new AtomicInteger())
          .incrementAndGet();
    } finally {
      channel.shutdownNow();
    }
  }

  private String retrieve(Channel channel, DealId id) {
    Iterator<RetrieveRangeResponse> parts =
        RetrievalServiceGrpc.newBlockingStub(channel)
            .retrieveRange(RetrieveRangeRequest.newBuilder().setDealId(Wire.bytes(id)).build());
    long bytes = 0;
    while (parts.hasNext()) {
      RetrieveRangeResponse part = parts.next();
      if (part.hasRefused()) {
        return part.getRefused().getCode();
      }
      bytes += part.getChunk().getData().size();
    }
    return bytes == piece.length ? "done" : "too short: " + bytes;
  }

  private String upload(Channel channel, DealId id) throws Exception {
    Sending sending = new Sending(id);
    DealServiceGrpc.newStub(
            ClientInterceptors.intercept(
                channel, new AuthClientInterceptor(ModelChain.DOMAIN, key, miner.id())))
        .uploadPiece(sending);
    UploadPieceResponse response = sending.answer.get(10, TimeUnit.MINUTES);
    return response.hasRefused() ? response.getRefused().getCode() : "done";
  }

  /** Sends the piece as fast as the transport takes it, and no faster. */
  private final class Sending
      implements ClientResponseObserver<UploadPieceRequest, UploadPieceResponse> {
    private final DealId id;
    private final CompletableFuture<UploadPieceResponse> answer = new CompletableFuture<>();
    private @Nullable ClientCallStreamObserver<UploadPieceRequest> call;
    private int at = -1;

    Sending(DealId id) {
      this.id = id;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<UploadPieceRequest> stream) {
      call = stream;
      stream.setOnReadyHandler(this::pump);
    }

    private synchronized void pump() {
      ClientCallStreamObserver<UploadPieceRequest> stream = call;
      while (stream != null && at < piece.length && stream.isReady()) {
        UploadPieceRequest.Builder request = UploadPieceRequest.newBuilder();
        if (at < 0) {
          stream.onNext(
              request.setHeader(UploadHeader.newBuilder().setDealId(Wire.bytes(id))).build());
          at = 0;
        } else {
          int n = Math.min(CHUNK, piece.length - at);
          stream.onNext(request.setChunk(UnsafeByteOperations.unsafeWrap(piece, at, n)).build());
          at += n;
          if (at == piece.length) {
            stream.onCompleted();
          }
        }
      }
    }

    @Override
    public void onNext(UploadPieceResponse value) {
      answer.complete(value);
    }

    @Override
    public void onError(Throwable t) {
      answer.completeExceptionally(t);
    }

    @Override
    public void onCompleted() {
      answer.completeExceptionally(new IllegalStateException("the call ended without an answer"));
    }
  }
}
