package io.granary.miner.testing;

import com.google.protobuf.ByteString;
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
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The peers of {@code TransferLoadReport}, as a process of their own: all transfers begin at once,
 * and whoever is told BUSY, or whose handshake ends too late, comes back. It fails when one of them
 * ends with anything but all bytes.
 */
public final class ManyTransfers {
  private static final int CHUNK = 1 << 20;

  /** As of clients with several pieces; a node takes a bounded number of connections only. */
  private static final int TRANSFERS_PER_CONNECTION = 10;

  private final Plan plan;
  private final byte[] piece;

  private ManyTransfers(Plan plan) {
    this.plan = plan;
    this.piece = Renter.piece(plan.pieceBytes(), Plan.SEED);
  }

  /**
   * What is to be transferred.
   *
   * @param client whose deals they are
   * @param pieceBytes size of the piece, the same in each deal: {@link Renter#piece} of {@link
   *     #SEED}
   * @param retrievals of the stored deal
   * @param uploads deals that await their bytes
   */
  public record Plan(
      PeerRecord miner,
      EthKey client,
      int pieceBytes,
      int retrievals,
      DealId stored,
      List<DealId> uploads) {
    /** Of the piece's bytes. */
    public static final long SEED = 1;

    /** Writes it for the process. */
    public void write(Path file) throws IOException {
      List<String> lines = new ArrayList<>();
      lines.add(miner.id().toString());
      lines.add(miner.endpoint());
      lines.add(miner.tlsKeyHash().toHex());
      lines.add(HexFormat.of().formatHex(client.secretBytes()));
      lines.add(String.valueOf(pieceBytes));
      lines.add(String.valueOf(retrievals));
      lines.add(stored.toString());
      uploads.forEach(id -> lines.add(id.toString()));
      Files.write(file, lines);
    }

    private static Plan read(Path file) throws IOException {
      Iterator<String> lines = Files.readAllLines(file).iterator();
      PeerRecord miner =
          new PeerRecord(Address.parse(lines.next()), lines.next(), Hash32.fromHex(lines.next()));
      EthKey client = EthKey.of(HexFormat.of().parseHex(lines.next()));
      int pieceBytes = Integer.parseInt(lines.next());
      int retrievals = Integer.parseInt(lines.next());
      DealId stored = DealId.parse(lines.next());
      List<DealId> uploads = new ArrayList<>();
      lines.forEachRemaining(id -> uploads.add(DealId.parse(id)));
      return new Plan(miner, client, pieceBytes, retrievals, stored, uploads);
    }
  }

  /**
   * Transfers, and prints how often each kind was told BUSY.
   *
   * @param args the file of the plan
   */
  public static void main(String[] args) throws Exception {
    new ManyTransfers(Plan.read(Path.of(args[0]))).run();
  }

  /** One try: {@code DONE}, or the code of the refusal. */
  @FunctionalInterface
  private interface Attempt {
    String on(Channel channel) throws Exception;
  }

  private static final String DONE = "";

  private void run() throws InterruptedException, ExecutionException {
    List<Attempt> attempts = new ArrayList<>();
    plan.uploads().forEach(id -> attempts.add(channel -> upload(channel, id)));
    for (int i = 0; i < plan.retrievals(); i++) {
      attempts.add(this::retrieve);
    }
    List<ManagedChannel> channels = new ArrayList<>();
    List<Callable<Integer>> transfers = new ArrayList<>();
    for (int i = 0; i < attempts.size(); i++) {
      if (i % TRANSFERS_PER_CONNECTION == 0) {
        channels.add(PeerChannels.open(plan.miner()));
      }
      Attempt attempt = attempts.get(i);
      Channel channel = channels.getLast();
      transfers.add(() -> transfer(attempt, channel));
    }
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> ends = threads.invokeAll(transfers, 10, TimeUnit.MINUTES);
      int uploads = plan.uploads().size();
      print("uploads told BUSY", ends.subList(0, uploads));
      print("retrievals told BUSY", ends.subList(uploads, ends.size()));
    } finally {
      channels.forEach(ManagedChannel::shutdownNow);
    }
  }

  private static void print(String what, List<Future<Integer>> ends)
      throws InterruptedException, ExecutionException {
    int times = 0;
    for (Future<Integer> end : ends) {
      times += end.get();
    }
    System.out.println(what + ": " + times + " times");
  }

  /** Tries until it is done, and tells how often the node was busy. */
  private static int transfer(Attempt attempt, Channel channel) throws Exception {
    for (int busy = 0; ; busy++) {
      String answer = attempt.on(channel);
      if (answer.equals(DONE)) {
        return busy;
      }
      if (!answer.equals("BUSY")) {
        throw new IllegalStateException("the node refused a transfer with " + answer);
      }
      Thread.sleep(ThreadLocalRandom.current().nextLong(500, 1500));
    }
  }

  private String retrieve(Channel channel) {
    Iterator<RetrieveRangeResponse> parts =
        RetrievalServiceGrpc.newBlockingStub(channel)
            .withWaitForReady()
            .retrieveRange(
                RetrieveRangeRequest.newBuilder().setDealId(Wire.bytes(plan.stored())).build());
    int at = 0;
    while (parts.hasNext()) {
      RetrieveRangeResponse part = parts.next();
      if (part.hasRefused()) {
        return part.getRefused().getCode();
      }
      ByteString data = part.getChunk().getData();
      if (!data.equals(UnsafeByteOperations.unsafeWrap(piece, at, data.size()))) {
        throw new IllegalStateException("the bytes at " + at + " are not the piece's");
      }
      at += data.size();
    }
    if (at < piece.length) {
      throw new IllegalStateException("a retrieval ended at " + at + " of " + piece.length);
    }
    return DONE;
  }

  private String upload(Channel channel, DealId id) throws Exception {
    Sending sending = new Sending(id);
    DealServiceGrpc.newStub(
            ClientInterceptors.intercept(
                channel,
                new AuthClientInterceptor(ModelChain.DOMAIN, plan.client(), plan.miner().id())))
        .withWaitForReady()
        .uploadPiece(sending);
    // A signed call begins with its first message, and is not told before that there is room.
    sending.pump();
    UploadPieceResponse response = sending.answer.get();
    if (response.hasRefused()) {
      return response.getRefused().getCode();
    }
    if (!response.getDone().getComplete()) {
      throw new IllegalStateException("an upload ended at " + response.getDone().getOffset());
    }
    return DONE;
  }

  /** Sends the piece as fast as the transport takes it, and no faster. */
  private final class Sending
      implements ClientResponseObserver<UploadPieceRequest, UploadPieceResponse> {
    private final DealId id;
    private final CompletableFuture<UploadPieceResponse> answer = new CompletableFuture<>();
    private @Nullable ClientCallStreamObserver<UploadPieceRequest> call;
    private boolean begun;
    private int at;

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
        stream.onNext(next());
        if (at == piece.length) {
          stream.onCompleted();
        }
      }
    }

    private UploadPieceRequest next() {
      if (!begun) {
        begun = true;
        return UploadPieceRequest.newBuilder()
            .setHeader(UploadHeader.newBuilder().setDealId(Wire.bytes(id)))
            .build();
      }
      ByteString chunk =
          UnsafeByteOperations.unsafeWrap(piece, at, Math.min(CHUNK, piece.length - at));
      at += chunk.size();
      return UploadPieceRequest.newBuilder().setChunk(chunk).build();
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
