package io.granary.client.testing;

import com.google.protobuf.ByteString;
import io.granary.proofs.Hash32;
import io.granary.proofs.piece.Fr32;
import io.granary.proofs.piece.PieceHasher;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.seal.Replica;
import io.granary.proofs.seal.ReplicaFiles;
import io.granary.proofs.seal.Sealer;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.Ask;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.Refusal;
import io.granary.protocol.deal.SignedAsk;
import io.granary.protocol.deal.SignedExtension;
import io.granary.protocol.grpc.CallAuth;
import io.granary.protocol.grpc.NodeServer;
import io.granary.protocol.grpc.TlsIdentity;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import io.granary.v1.Acceptance;
import io.granary.v1.DealServiceGrpc;
import io.granary.v1.DealStage;
import io.granary.v1.DealStatus;
import io.granary.v1.GetAskRequest;
import io.granary.v1.GetAskResponse;
import io.granary.v1.GetDealRequest;
import io.granary.v1.GetDealResponse;
import io.granary.v1.GetUploadRequest;
import io.granary.v1.GetUploadResponse;
import io.granary.v1.ProposeDealRequest;
import io.granary.v1.ProposeDealResponse;
import io.granary.v1.RenewDealRequest;
import io.granary.v1.RenewDealResponse;
import io.granary.v1.Renewal;
import io.granary.v1.RetrievalServiceGrpc;
import io.granary.v1.RetrieveChunk;
import io.granary.v1.RetrieveRangeRequest;
import io.granary.v1.RetrieveRangeResponse;
import io.granary.v1.UploadDone;
import io.granary.v1.UploadPieceRequest;
import io.granary.v1.UploadPieceResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A miner over real TLS that does what its script says: takes every deal, keeps its bytes, and puts
 * it on the model market as active once it has them all, unless told otherwise.
 */
public final class FakeMiner implements AutoCloseable {
  private static final long NEVER = Long.MAX_VALUE;
  private static final int GROUPS = 8;

  private final ModelMarket market;
  private final Path dir;
  private final EthKey operator = EthKey.generate();
  private final NodeServer server;
  private final Map<DealId, DealProposal> deals = new LinkedHashMap<>();
  private final Map<DealId, ByteArrayOutputStream> uploads = new LinkedHashMap<>();
  private final List<Long> uploadOffsets = new CopyOnWriteArrayList<>();
  private final AtomicInteger retrievals = new AtomicInteger();
  private final Address id;
  private final TlsIdentity tls;

  private volatile TokenAmount dearerBy = TokenAmount.ZERO;
  private volatile Optional<GetAskRequest> reducedFor = Optional.empty();
  private volatile TokenAmount askedCollateral = TokenAmount.of(1);
  private volatile boolean declines;
  private volatile boolean publishes = true;
  private volatile boolean sleepsPastPublishing;
  private volatile long diesAtByte = NEVER;
  private volatile int deadCalls;
  private volatile long liesAtByte = NEVER;
  private volatile byte[] stored = {};
  private volatile boolean stalls;
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile String renewalRefusal = "";
  private volatile boolean sendsRenewals = true;
  private volatile boolean answersRenewals = true;
  private final List<SignedExtension> extensions = new CopyOnWriteArrayList<>();

  /** Registers itself at a price. */
  public FakeMiner(ModelMarket market, Path dir, int number, long price) throws IOException {
    this.market = market;
    this.dir = Files.createDirectories(dir);
    this.id = ModelMarket.address(number);
    this.tls = TlsIdentity.loadOrCreate(dir);
    this.server =
        NodeServer.start(
            new InetSocketAddress("127.0.0.1", 0),
            tls,
            new CallAuth(ModelMarket.DOMAIN, id, Clock.systemUTC()),
            List.of(new Deals(), new Retrieval()));
    register(price);
  }

  private void register(long price) {
    market.register(
        new MinerRecord(
            new PeerRecord(id, "127.0.0.1:" + server.port(), tls.tlsKeyHash()),
            operator.address(),
            TokenAmount.ZERO,
            true,
            false,
            TokenAmount.of(price),
            0));
  }

  // ---------------------------------------------------------------- the script

  /** Asks more than the registry says. */
  public void asksMore(TokenAmount dearer) {
    dearerBy = dearer;
  }

  /** Asks one unit for a leaf and period of such a deal, and its usual price for others. */
  public void reducesFor(RawSize size, int periods) {
    reducedFor =
        Optional.of(
            GetAskRequest.newBuilder().setRawSize(size.bytes()).setPeriods(periods).build());
  }

  /** Asks for so much collateral of its own per leaf. */
  public void asksCollateral(TokenAmount perLeaf) {
    askedCollateral = perLeaf;
  }

  /** Declines proposals, or takes them. */
  public void declines(boolean no) {
    declines = no;
  }

  /** Keeps the proposal and the bytes, and publishes nothing. */
  public void publishes(boolean yes) {
    publishes = yes;
  }

  /** Does nothing until nobody can publish any more. */
  public void sleepsPastPublishing() {
    publishes = false;
    sleepsPastPublishing = true;
  }

  /** Breaks off when it has so many bytes, and then does not answer so many calls. */
  public void diesAt(long bytes, int calls) {
    diesAtByte = bytes;
    deadCalls = calls;
  }

  /** Gives a chunk back, and then nothing until it is closed. */
  public void stalls() {
    stalls = true;
  }

  /** What was uploaded for a deal. */
  public synchronized byte[] uploaded(DealId deal) {
    return upload(deal).toByteArray();
  }

  /** Has a piece to give back for any deal; else it gives what was uploaded. */
  public void has(byte[] piece) {
    stored = piece;
  }

  /** Flips a bit of the byte at that position whenever it gives it back. */
  public void liesAt(long position) {
    liesAtByte = position;
  }

  /** Declines extensions. */
  public void declinesRenewals(String code) {
    renewalRefusal = code;
  }

  /** Sends the extensions that it takes, or only says so; and says so, or dies. */
  public void renews(boolean sends, boolean answers) {
    sendsRenewals = sends;
    answersRenewals = answers;
  }

  // ---------------------------------------------------------------- what happened

  /** The extensions that were offered to it. */
  public List<SignedExtension> extensions() {
    return extensions;
  }

  /** Who it is. */
  public Address id() {
    return id;
  }

  /** The deals that were proposed to it, each once. */
  public synchronized List<DealId> proposed() {
    return List.copyOf(deals.keySet());
  }

  /** The proposal of its only deal. */
  public synchronized DealProposal proposal() {
    return deals.values().iterator().next();
  }

  /** Where each upload began. */
  public List<Long> uploadOffsets() {
    return uploadOffsets;
  }

  /** How often somebody wanted bytes. */
  public int retrievals() {
    return retrievals.get();
  }

  @Override
  public void close() {
    closed.countDown();
    server.close();
  }

  // ---------------------------------------------------------------- services

  private static <T> void answer(StreamObserver<T> observer, T value) {
    observer.onNext(value);
    observer.onCompleted();
  }

  private synchronized boolean isDead() {
    if (diesAtByte != NEVER || deadCalls == 0) {
      return false;
    }
    deadCalls--;
    return true;
  }

  private static void dead(StreamObserver<?> observer) {
    observer.onError(Status.UNAVAILABLE.withDescription("it is dead").asRuntimeException());
  }

  private ByteArrayOutputStream upload(DealId deal) {
    return uploads.computeIfAbsent(deal, d -> new ByteArrayOutputStream());
  }

  private final class Deals extends DealServiceGrpc.DealServiceImplBase {
    @Override
    public void getAsk(GetAskRequest request, StreamObserver<GetAskResponse> observer) {
      Ask ask =
          new Ask(
              id,
              reducedFor.filter(request::equals).isPresent()
                  ? TokenAmount.of(1)
                  : market.miner(id).orElseThrow().pricePerLeafPeriod().plus(dearerBy),
              askedCollateral,
              1,
              RawSize.MAX,
              1,
              100,
              Instant.now().plusSeconds(600).truncatedTo(ChronoUnit.SECONDS));
      SignedAsk signed = new SignedAsk(ask, operator.sign(Eip712.ask(ModelMarket.DOMAIN, ask)));
      answer(observer, GetAskResponse.newBuilder().setAsk(Wire.message(signed)).build());
    }

    @Override
    public void proposeDeal(
        ProposeDealRequest request, StreamObserver<ProposeDealResponse> observer) {
      DealProposal terms = Wire.signedProposal(request.getProposal()).proposal();
      DealId deal = Eip712.dealId(ModelMarket.DOMAIN, terms);
      synchronized (FakeMiner.this) {
        deals.put(deal, terms);
      }
      ProposeDealResponse.Builder response = ProposeDealResponse.newBuilder();
      if (declines) {
        response.setDeclined(Wire.message(new Refusal("NO_SPACE", "it is full", "1", "0")));
      } else {
        response.setAccepted(Acceptance.newBuilder().setDealId(Wire.bytes(deal)));
      }
      answer(observer, response.build());
    }

    @Override
    public void renewDeal(RenewDealRequest request, StreamObserver<RenewDealResponse> observer) {
      SignedExtension offered = Wire.signedExtension(request.getExtension());
      extensions.add(offered);
      RenewDealResponse.Builder response = RenewDealResponse.newBuilder();
      if (!renewalRefusal.isEmpty()) {
        response.setDeclined(Wire.message(new Refusal(renewalRefusal, "not now", "1", "later")));
      } else {
        if (sendsRenewals) {
          market.extend(offered.extension());
        }
        if (!answersRenewals) {
          dead(observer);
          return;
        }
        response.setRenewed(
            Renewal.newBuilder().setTransaction(Wire.bytes(offered.extension().dealId())));
      }
      answer(observer, response.build());
    }

    @Override
    public void getUpload(GetUploadRequest request, StreamObserver<GetUploadResponse> observer) {
      if (isDead()) {
        dead(observer);
        return;
      }
      DealId deal = Wire.dealId(request.getDealId());
      synchronized (FakeMiner.this) {
        long size = deals.get(deal).size().bytes();
        long there = upload(deal).size();
        answer(
            observer,
            GetUploadResponse.newBuilder().setOffset(there).setComplete(there == size).build());
      }
    }

    @Override
    public void getDeal(GetDealRequest request, StreamObserver<GetDealResponse> observer) {
      if (isDead()) {
        dead(observer);
        return;
      }
      DealStatus status =
          DealStatus.newBuilder()
              .setDealId(request.getDealId())
              .setStage(DealStage.DEAL_STAGE_SEALING)
              .build();
      answer(observer, GetDealResponse.newBuilder().setStatus(status).build());
    }

    @Override
    public StreamObserver<UploadPieceRequest> uploadPiece(
        StreamObserver<UploadPieceResponse> observer) {
      return new Upload(observer);
    }
  }

  private final class Upload implements StreamObserver<UploadPieceRequest> {
    private final StreamObserver<UploadPieceResponse> observer;
    private DealId deal = new DealId(Hash32.ZERO);
    private boolean over;

    Upload(StreamObserver<UploadPieceResponse> observer) {
      this.observer = observer;
    }

    @Override
    public void onNext(UploadPieceRequest part) {
      synchronized (FakeMiner.this) {
        if (over) {
          return;
        }
        if (part.hasHeader()) {
          deal = Wire.dealId(part.getHeader().getDealId());
          uploadOffsets.add(part.getHeader().getOffset());
          return;
        }
        byte[] bytes = part.getChunk().toByteArray();
        ByteArrayOutputStream there = upload(deal);
        int room = (int) Math.min(bytes.length, diesAtByte - there.size());
        there.write(bytes, 0, room);
        if (there.size() == diesAtByte) {
          diesAtByte = NEVER;
          over = true;
          dead(observer);
        }
      }
    }

    @Override
    public void onError(Throwable t) {
      over = true;
    }

    @Override
    public void onCompleted() {
      if (!over) {
        finish(deal);
        answer(
            observer,
            UploadPieceResponse.newBuilder()
                .setDone(UploadDone.newBuilder().setComplete(true))
                .build());
      }
    }
  }

  /** Its bytes must be the proposal's, however they came. */
  private synchronized void finish(DealId deal) {
    DealProposal terms = deals.get(deal);
    byte[] bytes = upload(deal).toByteArray();
    PieceHasher hasher = new PieceHasher();
    hasher.update(bytes, 0, bytes.length);
    if (!hasher.finish().root().equals(terms.pieceRoot())) {
      throw new AssertionError("the bytes of " + deal + " are not the proposal's");
    }
    if (publishes) {
      market.put(terms, DealState.ACTIVE);
    } else if (sleepsPastPublishing) {
      market.mine(terms.publishBy().value());
    }
  }

  private final class Retrieval extends RetrievalServiceGrpc.RetrievalServiceImplBase {
    @Override
    public void retrieveRange(
        RetrieveRangeRequest request, StreamObserver<RetrieveRangeResponse> observer) {
      retrievals.incrementAndGet();
      DealId deal = Wire.dealId(request.getDealId());
      byte[] piece = stored.length > 0 ? stored : uploaded(deal);
      try (Replica replica = replica(deal.hash(), piece)) {
        long groups = (piece.length + Fr32.RAW - 1) / Fr32.RAW;
        for (long at = request.getOffset() / Fr32.RAW; at < groups; at += GROUPS) {
          Replica.Range range = replica.read(at, (int) Math.min(GROUPS, groups - at));
          byte[] bytes = range.bytes();
          long lie = liesAtByte - at * Fr32.RAW;
          if (lie >= 0 && lie < bytes.length) {
            bytes[(int) lie] ^= 1;
          }
          RetrieveChunk chunk =
              RetrieveChunk.newBuilder()
                  .setOffset(at * Fr32.RAW)
                  .setData(ByteString.copyFrom(bytes))
                  .setProof(ByteString.copyFrom(range.proof()))
                  .build();
          observer.onNext(RetrieveRangeResponse.newBuilder().setChunk(chunk).build());
          if (stalls) {
            closed.await();
          }
        }
        observer.onCompleted();
      } catch (IOException e) {
        observer.onError(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private Replica replica(Hash32 deal, byte[] piece) throws IOException {
      RawSize size = new RawSize(piece.length);
      Path folder = Files.createTempDirectory(dir, "replica");
      ReplicaFiles files =
          new ReplicaFiles(folder.resolve("r"), folder.resolve("s"), folder.resolve("p"));
      new Sealer(deal, 1, size)
          .seal(
              (at, target, n) -> System.arraycopy(piece, (int) at, target, 0, n),
              files,
              1,
              d -> {});
      return Replica.open(deal, 1, size, files);
    }
  }
}
