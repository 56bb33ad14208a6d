package io.granary.protocol.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.values.Address;
import io.granary.v1.DealServiceGrpc;
import io.granary.v1.GetAskRequest;
import io.granary.v1.GetAskResponse;
import io.granary.v1.GetUploadRequest;
import io.granary.v1.GetUploadResponse;
import io.granary.v1.WatchDealRequest;
import io.granary.v1.WatchDealResponse;
import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Callers from two addresses who ask for too much. */
class QuotaWireTest {
  private static final Address NODE = Address.parse("0x" + "01".repeat(20));
  private static final SigningDomain DOMAIN = new SigningDomain(1, NODE);
  private static final int PER_MINUTE = 6;
  private static final int AT_A_TIME = 2;

  @TempDir Path dir;
  private final EthKey caller = EthKey.generate();
  private final List<ManagedChannel> channels = new ArrayList<>();
  private final Semaphore watching = new Semaphore(0);
  private NodeServer server;
  private ManagedChannel here;
  private ManagedChannel there;

  private final class Deals extends DealServiceGrpc.DealServiceImplBase {
    @Override
    public void getAsk(GetAskRequest request, StreamObserver<GetAskResponse> observer) {
      observer.onNext(GetAskResponse.getDefaultInstance());
      observer.onCompleted();
    }

    @Override
    public void getUpload(GetUploadRequest request, StreamObserver<GetUploadResponse> observer) {
      observer.onNext(GetUploadResponse.getDefaultInstance());
      observer.onCompleted();
    }

    @Override
    public void watchDeal(WatchDealRequest request, StreamObserver<WatchDealResponse> observer) {
      // Until its peer has enough.
      watching.release();
    }
  }

  @BeforeEach
  void start() throws IOException {
    server =
        NodeServer.start(
            new InetSocketAddress("127.0.0.1", 0),
            TlsIdentity.loadOrCreate(dir),
            new CallAuth(DOMAIN, NODE, Clock.systemUTC()),
            new Quota(PER_MINUTE, AT_A_TIME),
            List.of(new Deals()));
    here = from("127.0.0.1");
    there = from("127.0.0.2");
  }

  @AfterEach
  void stop() {
    channels.forEach(ManagedChannel::shutdownNow);
    server.close();
  }

  private ManagedChannel from(String address) throws IOException {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.port())
            .sslContext(
                GrpcSslContexts.forClient()
                    .trustManager(InsecureTrustManagerFactory.INSTANCE)
                    .build())
            .localSocketPicker(
                new NettyChannelBuilder.LocalSocketPicker() {
                  @Override
                  public SocketAddress createSocketAddress(SocketAddress remote, Attributes a) {
                    return new InetSocketAddress(address, 0);
                  }
                })
            .build();
    channels.add(channel);
    return channel;
  }

  private static void ask(ManagedChannel channel) {
    GetAskResponse ignored =
        DealServiceGrpc.newBlockingStub(channel)
            .withDeadlineAfter(20, TimeUnit.SECONDS)
            .getAsk(GetAskRequest.getDefaultInstance());
  }

  private static void upload(ManagedChannel channel, EthKey caller) {
    GetUploadResponse ignored =
        DealServiceGrpc.newBlockingStub(
                ClientInterceptors.intercept(
                    channel, new AuthClientInterceptor(DOMAIN, caller, NODE)))
            .withDeadlineAfter(20, TimeUnit.SECONDS)
            .getUpload(GetUploadRequest.getDefaultInstance());
  }

  private static StatusRuntimeException refused(
      Status.Code code, org.junit.jupiter.api.function.Executable call) {
    StatusRuntimeException e = assertThrows(StatusRuntimeException.class, call);
    assertEquals(code, e.getStatus().getCode(), e.getMessage());
    return e;
  }

  @Test
  void an_address_has_so_many_calls_wrong_tokens_included_and_is_told_when_to_come_back() {
    Metadata nonsense = new Metadata();
    nonsense.put(CallAuth.KEY, new byte[] {1});
    for (int i = 0; i < PER_MINUTE; i++) {
      refused(
          Status.Code.UNAUTHENTICATED,
          () ->
              DealServiceGrpc.newBlockingStub(here)
                  .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(nonsense))
                  .getUpload(GetUploadRequest.getDefaultInstance()));
    }
    StatusRuntimeException e = refused(Status.Code.RESOURCE_EXHAUSTED, () -> ask(here));
    assertTrue(
        e.getMessage().contains("6 calls a minute") && e.getMessage().contains("127.0.0.1"),
        e.getMessage());
    long wait = Long.parseLong(e.getTrailers().get(Quotas.PUSHBACK));
    assertTrue(wait > 0 && wait <= 10_000, "a tenth of a minute at most, not " + wait);
    ask(there);
  }

  @Test
  void a_caller_has_so_many_from_all_its_addresses_and_takes_none_from_others() {
    for (int i = 0; i < PER_MINUTE / 2; i++) {
      upload(here, caller);
      upload(there, caller);
    }
    StatusRuntimeException e = refused(Status.Code.RESOURCE_EXHAUSTED, () -> upload(there, caller));
    assertTrue(e.getMessage().contains(caller.address().toString()), e.getMessage());
    upload(there, EthKey.generate());
    ask(there);
  }

  @Test
  void so_many_calls_run_at_a_time_and_one_that_ends_makes_room() throws Exception {
    List<ClientCall<WatchDealRequest, WatchDealResponse>> calls = new ArrayList<>();
    for (int i = 0; i < AT_A_TIME; i++) {
      calls.add(watch());
      assertTrue(watching.tryAcquire(20, TimeUnit.SECONDS));
    }
    StatusRuntimeException e = refused(Status.Code.RESOURCE_EXHAUSTED, () -> ask(here));
    assertTrue(e.getMessage().contains("2 calls at a time"), e.getMessage());
    ask(there);
    calls.getFirst().cancel("enough", null);
    while (server.running() >= AT_A_TIME) {
      Thread.onSpinWait();
    }
    ask(here);
  }

  private ClientCall<WatchDealRequest, WatchDealResponse> watch() {
    ClientCall<WatchDealRequest, WatchDealResponse> call =
        here.newCall(DealServiceGrpc.getWatchDealMethod(), CallOptions.DEFAULT);
    call.start(new ClientCall.Listener<>() {}, new Metadata());
    call.sendMessage(WatchDealRequest.getDefaultInstance());
    call.halfClose();
    return call;
  }
}
