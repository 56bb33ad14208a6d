package io.granary.miner.testing;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.granary.proofs.Hash32;
import io.granary.proofs.piece.Fr32;
import io.granary.proofs.piece.PieceHasher;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.tree.RangeProof;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.EarlyEnd;
import io.granary.protocol.deal.Extension;
import io.granary.protocol.deal.SignedEarlyEnd;
import io.granary.protocol.deal.SignedExtension;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.grpc.AuthClientInterceptor;
import io.granary.protocol.grpc.PeerChannels;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.values.DealId;
import io.granary.v1.DealServiceGrpc;
import io.granary.v1.DealStage;
import io.granary.v1.GetAskRequest;
import io.granary.v1.GetDealRequest;
import io.granary.v1.GetUploadRequest;
import io.granary.v1.ProofServiceGrpc;
import io.granary.v1.ProposeDealRequest;
import io.granary.v1.ProposeDealResponse;
import io.granary.v1.RenewDealRequest;
import io.granary.v1.RenewDealResponse;
import io.granary.v1.RetrievalServiceGrpc;
import io.granary.v1.RetrieveRangeRequest;
import io.granary.v1.RetrieveRangeResponse;
import io.granary.v1.SignedAsk;
import io.granary.v1.UploadHeader;
import io.granary.v1.UploadPieceRequest;
import io.granary.v1.UploadPieceResponse;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A client of a miner, over TLS, for tests. */
public final class Renter implements AutoCloseable {
  private static final int CHUNK = 1 << 20;

  private final EthKey key;
  private final ManagedChannel channel;
  private final Channel signed;

  /** Signs its calls as {@code key}. */
  public Renter(PeerRecord miner, EthKey key) {
    this.key = key;
    this.channel = PeerChannels.open(miner);
    this.signed =
        ClientInterceptors.intercept(
            channel, new AuthClientInterceptor(ModelChain.DOMAIN, key, miner.id()));
  }

  /** Random bytes of a seed. */
  public static byte[] piece(int size, long seed) {
    byte[] bytes = new byte[size];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  /** Root of a piece. */
  public static Hash32 root(byte[] piece) {
    PieceHasher hasher = new PieceHasher();
    hasher.update(piece, 0, piece.length);
    return hasher.finish().root();
  }

  /** The plain channel. */
  public Channel channel() {
    return channel;
  }

  /** The signing channel. */
  public Channel signedChannel() {
    return signed;
  }

  /** Calls without signatures. */
  public DealServiceGrpc.DealServiceBlockingStub deals() {
    return DealServiceGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  /** Signed calls. */
  public DealServiceGrpc.DealServiceBlockingStub signedDeals() {
    return DealServiceGrpc.newBlockingStub(signed).withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  /** Proofs on demand. */
  public ProofServiceGrpc.ProofServiceBlockingStub proofs() {
    return ProofServiceGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  /** The miner's ask. */
  public SignedAsk ask() {
    return deals().getAsk(GetAskRequest.getDefaultInstance()).getAsk();
  }

  /** The ask for such a deal. */
  public SignedAsk ask(long bytes, int periods) {
    return deals()
        .getAsk(GetAskRequest.newBuilder().setRawSize(bytes).setPeriods(periods).build())
        .getAsk();
  }

  /** Signs a proposal. */
  public SignedProposal sign(DealProposal proposal) {
    return new SignedProposal(
        proposal, key.sign(Eip712.dealId(ModelChain.DOMAIN, proposal).hash()));
  }

  /** Offers an extension that it signs. */
  public RenewDealResponse renew(Extension extension) {
    return renew(sign(extension));
  }

  /** Offers an extension. */
  public RenewDealResponse renew(SignedExtension extension) {
    return signedDeals()
        .renewDeal(RenewDealRequest.newBuilder().setExtension(Wire.message(extension)).build());
  }

  /** Signs an early end of one of its deals. */
  public SignedEarlyEnd sign(EarlyEnd end) {
    return new SignedEarlyEnd(end, key.sign(Eip712.earlyEnd(ModelChain.DOMAIN, end)));
  }

  /** Signs an extension of one of its deals. */
  public SignedExtension sign(Extension extension) {
    return new SignedExtension(extension, key.sign(Eip712.extension(ModelChain.DOMAIN, extension)));
  }

  /** Proposes. */
  public ProposeDealResponse propose(SignedProposal proposal, SignedAsk ask) {
    return signedDeals()
        .proposeDeal(
            ProposeDealRequest.newBuilder()
                .setProposal(Wire.message(proposal))
                .setAsk(ask)
                .build());
  }

  /** Proposes and expects a yes. */
  public DealId agree(DealProposal proposal) {
    ProposeDealResponse response = propose(sign(proposal), ask());
    if (!response.hasAccepted()) {
      throw new AssertionError("declined: " + response.getDeclined());
    }
    return Wire.dealId(response.getAccepted().getDealId());
  }

  /** Durable bytes of an upload. */
  public long offset(DealId id) {
    return signedDeals()
        .getUpload(GetUploadRequest.newBuilder().setDealId(Wire.bytes(id)).build())
        .getOffset();
  }

  /** Stage of a deal at the miner. */
  public DealStage stage(DealId id) {
    return deals()
        .getDeal(GetDealRequest.newBuilder().setDealId(Wire.bytes(id)).build())
        .getStatus()
        .getStage();
  }

  /** A running upload. */
  public Upload upload(DealId id, long offset) {
    return upload(signed, id, offset);
  }

  /** A running upload over another channel. */
  public static Upload upload(Channel channel, DealId id, long offset) {
    Upload upload = new Upload(channel);
    upload.send(
        UploadPieceRequest.newBuilder()
            .setHeader(UploadHeader.newBuilder().setDealId(Wire.bytes(id)).setOffset(offset))
            .build());
    return upload;
  }

  /** Uploads bytes [from, to) of a piece and ends the stream. */
  public UploadPieceResponse upload(DealId id, byte[] piece, int from, int to) {
    Upload upload = upload(id, from);
    upload.send(piece, from, to);
    return upload.end();
  }

  /** Retrieves and verifies a range, or gives the refusal's code. */
  public Retrieved retrieve(DealId id, RawSize size, Hash32 root, long offset, long length) {
    Iterator<RetrieveRangeResponse> parts =
        RetrievalServiceGrpc.newBlockingStub(channel)
            .withDeadlineAfter(30, TimeUnit.SECONDS)
            .retrieveRange(
                RetrieveRangeRequest.newBuilder()
                    .setDealId(Wire.bytes(id))
                    .setOffset(offset)
                    .setLength(length)
                    .build());
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    long first = -1;
    while (parts.hasNext()) {
      RetrieveRangeResponse part = parts.next();
      if (part.hasRefused()) {
        return new Retrieved(new byte[0], part.getRefused().getCode());
      }
      byte[] data = part.getChunk().getData().toByteArray();
      first = first < 0 ? part.getChunk().getOffset() : first;
      int groups = (data.length + Fr32.RAW - 1) / Fr32.RAW;
      byte[] leaves = new byte[groups * Fr32.PADDED];
      Fr32.pad(Arrays.copyOf(data, groups * Fr32.RAW), 0, leaves, 0, groups);
      long leaf = 4 * (part.getChunk().getOffset() / Fr32.RAW);
      if (!RangeProof.verify(
          root, size.shape(), leaf, leaves, part.getChunk().getProof().toByteArray())) {
        throw new AssertionError("a chunk at " + part.getChunk().getOffset() + " does not verify");
      }
      bytes.writeBytes(data);
    }
    int skip = (int) (offset - first);
    int wanted = (int) (length == 0 ? size.bytes() - offset : length);
    return new Retrieved(Arrays.copyOfRange(bytes.toByteArray(), skip, skip + wanted), "");
  }

  /** Bytes, or why there are none. */
  @SuppressWarnings("ArrayRecordComponent")
  public record Retrieved(byte[] bytes, String refused) {}

  @Override
  public void close() {
    channel.shutdownNow();
  }

  /** One upload stream. */
  public static final class Upload implements StreamObserver<UploadPieceResponse> {
    private final CompletableFuture<UploadPieceResponse> response = new CompletableFuture<>();
    private final StreamObserver<UploadPieceRequest> requests;

    /** Begins without a header. */
    public Upload(Channel channel) {
      requests = DealServiceGrpc.newStub(channel).uploadPiece(this);
    }

    /** Sends a message. */
    public void send(UploadPieceRequest request) {
      requests.onNext(request);
    }

    /** Sends bytes [from, to). */
    public void send(byte[] piece, int from, int to) {
      for (int at = from; at < to; at += CHUNK) {
        chunk(UnsafeByteOperations.unsafeWrap(piece, at, Math.min(CHUNK, to - at)));
      }
    }

    /** Sends one chunk as it is. */
    public void chunk(ByteString bytes) {
      send(UploadPieceRequest.newBuilder().setChunk(bytes).build());
    }

    /** Breaks the stream off. */
    public void breakOff() {
      requests.onError(new IllegalStateException("the test breaks off"));
    }

    /** Ends the stream and waits for the answer. */
    public UploadPieceResponse end() {
      requests.onCompleted();
      return answer();
    }

    /** Waits for the answer; throws what the call failed with. */
    public UploadPieceResponse answer() {
      try {
        return response.get(60, TimeUnit.SECONDS);
      } catch (ExecutionException e) {
        if (e.getCause() instanceof RuntimeException r) {
          throw r;
        }
        throw new AssertionError(e);
      } catch (TimeoutException | InterruptedException e) {
        throw new AssertionError("no answer to an upload", e);
      }
    }

    @Override
    public void onNext(UploadPieceResponse value) {
      response.complete(value);
    }

    @Override
    public void onError(Throwable t) {
      response.completeExceptionally(t);
    }

    @Override
    public void onCompleted() {
      response.completeExceptionally(new AssertionError("the call ended without an answer"));
    }
  }
}
