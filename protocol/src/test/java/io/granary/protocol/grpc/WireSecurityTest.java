package io.granary.protocol.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.granary.proofs.Hash32;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.values.Address;
import io.granary.v1.AuditServiceGrpc;
import io.granary.v1.DealServiceGrpc;
import io.granary.v1.GetDealRequest;
import io.granary.v1.GetDealResponse;
import io.granary.v1.GetUploadRequest;
import io.granary.v1.GetUploadResponse;
import io.granary.v1.ProofServiceGrpc;
import io.granary.v1.RetrievalServiceGrpc;
import io.granary.v1.UploadHeader;
import io.granary.v1.UploadPieceRequest;
import io.granary.v1.UploadPieceResponse;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real server over TLS and callers that are wrong in one way each. */
class WireSecurityTest {
  private static final SigningDomain DOMAIN =
      new SigningDomain(31_337, Address.parse("0x" + "ab".repeat(20)));
  private static final Address NODE = Address.parse("0x" + "01".repeat(20));

  @TempDir Path dir;
  private final EthKey caller = EthKey.generate();
  private final AtomicReference<Address> seen = new AtomicReference<>();
  private TlsIdentity tls;
  private NodeServer server;
  private final List<ManagedChannel> channels = new ArrayList<>();

  private final class Deals extends DealServiceGrpc.DealServiceImplBase {
    @Override
    public void getUpload(GetUploadRequest request, StreamObserver<GetUploadResponse> observer) {
      Wire.dealId(request.getDealId());
      seen.set(AuthServerInterceptor.CALLER.get());
      observer.onNext(GetUploadResponse.newBuilder().setOffset(7).build());
      observer.onCompleted();
    }

    @Override
    public void getDeal(GetDealRequest request, StreamObserver<GetDealResponse> observer) {
      Wire.dealId(request.getDealId());
      throw new IllegalStateException("a secret of this node");
    }

    @Override
    public StreamObserver<UploadPieceRequest> uploadPiece(
        StreamObserver<UploadPieceResponse> observer) {
      seen.set(AuthServerInterceptor.CALLER.get());
      return new StreamObserver<>() {
        @Override
        public void onNext(UploadPieceRequest value) {}

        @Override
        public void onError(Throwable t) {}

        @Override
        public void onCompleted() {
          observer.onNext(UploadPieceResponse.getDefaultInstance());
          observer.onCompleted();
        }
      };
    }
  }

  @BeforeEach
  void start() throws IOException {
    tls = TlsIdentity.loadOrCreate(dir);
    server =
        NodeServer.start(
            new InetSocketAddress("127.0.0.1", 0),
            tls,
            new CallAuth(DOMAIN, NODE, Clock.systemUTC()),
            List.of(
                new Deals(),
                new RetrievalServiceGrpc.RetrievalServiceImplBase() {},
                new ProofServiceGrpc.ProofServiceImplBase() {},
                new AuditServiceGrpc.AuditServiceImplBase() {}));
  }

  @AfterEach
  void stop() {
    channels.forEach(ManagedChannel::shutdownNow);
    server.close();
  }

  private ManagedChannel channel(Hash32 pin) {
    ManagedChannel channel =
        PeerChannels.open(new PeerRecord(NODE, "127.0.0.1:" + server.port(), pin));
    channels.add(channel);
    return channel;
  }

  private DealServiceGrpc.DealServiceBlockingStub stub(Channel channel) {
    return DealServiceGrpc.newBlockingStub(channel).withDeadlineAfter(10, TimeUnit.SECONDS);
  }

  private Channel signed(Address audience, SigningDomain domain) {
    return ClientInterceptors.intercept(
        channel(tls.tlsKeyHash()), new AuthClientInterceptor(domain, caller, audience));
  }

  private static GetUploadRequest request() {
    return GetUploadRequest.newBuilder().setDealId(ByteString.copyFrom(new byte[32])).build();
  }

  private static Status refused(org.junit.jupiter.api.function.Executable call) {
    return assertThrows(StatusRuntimeException.class, call).getStatus();
  }

  @Test
  void a_signed_call_goes_through_and_the_handler_knows_who_calls() {
    assertEquals(7, stub(signed(NODE, DOMAIN)).getUpload(request()).getOffset());
    assertEquals(caller.address(), seen.get());
  }

  @Test
  void a_signed_stream_goes_through() throws Exception {
    java.util.concurrent.CompletableFuture<UploadPieceResponse> answer =
        new java.util.concurrent.CompletableFuture<>();
    StreamObserver<UploadPieceRequest> requests =
        DealServiceGrpc.newStub(signed(NODE, DOMAIN))
            .uploadPiece(
                new StreamObserver<>() {
                  @Override
                  public void onNext(UploadPieceResponse value) {
                    answer.complete(value);
                  }

                  @Override
                  public void onError(Throwable t) {
                    answer.completeExceptionally(t);
                  }

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(
        UploadPieceRequest.newBuilder().setHeader(UploadHeader.newBuilder().setOffset(1)).build());
    requests.onNext(
        UploadPieceRequest.newBuilder().setChunk(ByteString.copyFromUtf8("bytes")).build());
    requests.onCompleted();
    assertEquals(UploadPieceResponse.getDefaultInstance(), answer.get(10, TimeUnit.SECONDS));
    assertEquals(caller.address(), seen.get());
  }

  private boolean answers(Hash32 pin) {
    Channel channel =
        ClientInterceptors.intercept(channel(pin), new AuthClientInterceptor(DOMAIN, caller, NODE));
    try {
      return stub(channel).getUpload(request()).getOffset() == 7;
    } catch (StatusRuntimeException e) {
      assertEquals(Status.Code.UNAVAILABLE, e.getStatus().getCode(), e.toString());
      return false;
    }
  }

  private Hash32 shown(Hash32 asked) throws IOException {
    return TlsProbe.keyHash(
        new InetSocketAddress("127.0.0.1", server.port()), asked, Duration.ofSeconds(10));
  }

  @Test
  void while_a_key_replaces_another_each_client_is_shown_the_one_that_it_pins() throws IOException {
    Hash32 old = tls.tlsKeyHash();
    Hash32 stranger = Hash32.fromHex("22".repeat(32));
    TlsFolder folder = new TlsFolder(dir);
    assertTrue(answers(old));
    DealServiceGrpc.DealServiceBlockingStub open = stub(signed(NODE, DOMAIN));
    assertEquals(7, open.getUpload(request()).getOffset());

    Hash32 next = folder.makeNext().tlsKeyHash();
    assertFalse(answers(next), "it is not shown before the node has heard of it");
    server.show(folder.all(), old);
    assertTrue(answers(old));
    assertTrue(answers(next));
    assertFalse(answers(stranger));
    assertEquals(old, shown(stranger), "who asks for none of them sees the registered one");
    folder.takeNext();
    server.show(folder.all(), next);
    assertTrue(answers(old));
    assertTrue(answers(next));
    assertEquals(next, shown(stranger));
    assertEquals(old, shown(old));

    folder.dropOld();
    server.show(folder.all(), old);
    assertFalse(answers(old), "the old key is gone");
    assertTrue(answers(next));
    assertEquals(next, shown(old));
    assertEquals(7, open.withDeadlineAfter(10, TimeUnit.SECONDS).getUpload(request()).getOffset());

    Files.writeString(dir.resolve("tls-key.pem"), "no key");
    assertThrows(IOException.class, () -> server.show(List.of(tls), next));
    assertTrue(answers(next), "what cannot be read changes nothing");
  }

  @Test
  void a_peer_with_another_tls_key_is_not_talked_to() {
    Status status =
        refused(() -> stub(channel(Hash32.fromHex("22".repeat(32)))).getUpload(request()));
    assertEquals(Status.Code.UNAVAILABLE, status.getCode());
    Throwable root = status.getCause();
    while (root.getCause() != null) {
      root = root.getCause();
    }
    assertTrue(root.getMessage().contains("the registry says 2222"), root.getMessage());
    assertTrue(root.getMessage().contains(tls.tlsKeyHash().toHex()), root.getMessage());
  }

  @Test
  void plaintext_is_not_answered() {
    ManagedChannel plain =
        NettyChannelBuilder.forAddress("127.0.0.1", server.port()).usePlaintext().build();
    channels.add(plain);
    assertEquals(
        Status.Code.UNAVAILABLE, refused(() -> stub(plain).getUpload(request())).getCode());
  }

  @Test
  void calls_without_a_token_for_another_node_or_another_market_are_unauthenticated() {
    Status none = refused(() -> stub(channel(tls.tlsKeyHash())).getUpload(request()));
    assertEquals(Status.Code.UNAUTHENTICATED, none.getCode());
    assertTrue(none.getDescription().contains("granary-auth-bin"), none.getDescription());
    Status other = refused(() -> stub(signed(Address.ZERO, DOMAIN)).getUpload(request()));
    assertTrue(other.getDescription().contains("this is " + NODE), other.getDescription());
    Status market =
        refused(
            () -> stub(signed(NODE, new SigningDomain(1, DOMAIN.market()))).getUpload(request()));
    assertEquals(Status.Code.UNAUTHENTICATED, market.getCode());
    assertTrue(market.getDescription().contains("check chain id"), market.getDescription());
  }

  private Status withToken(byte[] token, GetUploadRequest request) {
    Metadata headers = new Metadata();
    headers.put(CallAuth.KEY, token);
    Channel with =
        ClientInterceptors.intercept(
            channel(tls.tlsKeyHash()), MetadataUtils.newAttachHeadersInterceptor(headers));
    try {
      stub(with).getUpload(request);
      return Status.OK;
    } catch (StatusRuntimeException e) {
      return e.getStatus();
    }
  }

  private byte[] token(Object first, Instant now) {
    return CallAuth.token(
        DOMAIN,
        caller,
        NODE,
        DealServiceGrpc.getGetUploadMethod().getFullMethodName(),
        first,
        Clock.fixed(now, ZoneOffset.UTC));
  }

  @Test
  void a_token_serves_once_for_its_own_request_and_time() {
    byte[] token = token(request(), Instant.now());
    assertEquals(Status.Code.OK, withToken(token, request()).getCode());
    assertTrue(withToken(token, request()).getDescription().contains("used before"));
    GetUploadRequest changed =
        GetUploadRequest.newBuilder().setDealId(ByteString.copyFrom(new byte[31])).build();
    assertTrue(
        withToken(token(request(), Instant.now()), changed)
            .getDescription()
            .contains("another request"));
    assertTrue(
        withToken(token(request(), Instant.now().minusSeconds(300)), request())
            .getDescription()
            .contains("expired"));
    assertTrue(
        withToken(token(request(), Instant.now().plusSeconds(300)), request())
            .getDescription()
            .contains("ahead"));
    byte[] broken = token(request(), Instant.now());
    broken[broken.length - 10] ^= 1;
    assertEquals(Status.Code.UNAUTHENTICATED, withToken(broken, request()).getCode());
    assertEquals(Status.Code.UNAUTHENTICATED, withToken(new byte[] {1, 2, 3}, request()).getCode());
  }

  @Test
  void malformed_fields_are_invalid_and_own_faults_stay_secret() {
    Status wrong =
        refused(
            () ->
                stub(channel(tls.tlsKeyHash()))
                    .getDeal(
                        GetDealRequest.newBuilder()
                            .setDealId(ByteString.copyFrom(new byte[5]))
                            .build()));
    assertEquals(Status.Code.INVALID_ARGUMENT, wrong.getCode());
    assertEquals("deal_id must have 32 bytes, not 5", wrong.getDescription());
    Status fault =
        refused(
            () ->
                stub(channel(tls.tlsKeyHash()))
                    .getDeal(
                        GetDealRequest.newBuilder()
                            .setDealId(ByteString.copyFrom(new byte[32]))
                            .build()));
    assertEquals(Status.Code.INTERNAL, fault.getCode());
    assertTrue(fault.getDescription().startsWith("incident "), fault.getDescription());
  }

  @Test
  void a_message_over_the_limit_is_refused() {
    GetDealRequest huge =
        GetDealRequest.newBuilder()
            .setDealId(ByteString.copyFrom(new byte[Limits.MESSAGE_BYTES + 1]))
            .build();
    assertEquals(
        Status.Code.RESOURCE_EXHAUSTED,
        refused(() -> stub(channel(tls.tlsKeyHash())).getDeal(huge)).getCode());
  }

  @Test
  void a_taken_port_names_itself_and_the_remedy() {
    IOException e =
        assertThrows(
            IOException.class,
            () ->
                NodeServer.start(
                    new InetSocketAddress("127.0.0.1", server.port()),
                    tls,
                    new CallAuth(DOMAIN, NODE, Clock.systemUTC()),
                    List.of()));
    assertTrue(
        e.getMessage().contains(":" + server.port()) && e.getMessage().contains("--listen"),
        e.getMessage());
  }
}
