package io.granary.protocol.grpc;

import io.granary.proofs.Hash32;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** A node's gRPC server: TLS 1.3, limits, authentication, health and reflection (Protocol §8). */
public final class NodeServer implements AutoCloseable {
  /** What a call that takes no long time may take. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  private final Server server;
  private final ServerKeys keys;
  private final int port;
  private final EventLoopGroup loops;
  private final ExecutorService executor;
  private final ScheduledExecutorService timer;
  private final HealthStatusManager health;
  private final Quotas quotas;

  private NodeServer(
      Server server,
      ServerKeys keys,
      EventLoopGroup loops,
      ExecutorService executor,
      ScheduledExecutorService timer,
      HealthStatusManager health,
      Quotas quotas) {
    this.server = server;
    this.keys = keys;
    // One that has ended does not say it any more.
    this.port = server.getPort();
    this.loops = loops;
    this.executor = executor;
    this.timer = timer;
    this.health = health;
    this.quotas = quotas;
  }

  /**
   * Starts a server.
   *
   * @param listen where; port 0 takes a free one
   * @param quota what one peer may ask for
   * @param services whose methods are authenticated unless their proto says {@code NO_SIDE_EFFECTS}
   * @throws IOException when the port is taken or the TLS files cannot be read
   */
  public static NodeServer start(
      InetSocketAddress listen,
      TlsIdentity tls,
      CallAuth auth,
      Quota quota,
      List<BindableService> services)
      throws IOException {
    return start(listen, tls, auth, quota, services, Guards.STANDARD);
  }

  /** The same with the quota {@link Quota#STANDARD}. */
  public static NodeServer start(
      InetSocketAddress listen, TlsIdentity tls, CallAuth auth, List<BindableService> services)
      throws IOException {
    return start(listen, tls, auth, Quota.STANDARD, services);
  }

  static NodeServer start(
      InetSocketAddress listen,
      TlsIdentity tls,
      CallAuth auth,
      Quota quota,
      List<BindableService> services,
      Guards guards)
      throws IOException {
    // First, because it fails when the files cannot be read, and nothing is open yet.
    ServerKeys keys = new ServerKeys(tls);
    SslContext ssl =
        GrpcSslContexts.configure(SslContextBuilder.forServer(keys)).protocols("TLSv1.3").build();
    ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    ScheduledThreadPoolExecutor timer =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("grpc-timer").factory());
    // A call that has ended must not leave its timers behind, the longest of which run an hour.
    timer.setRemoveOnCancelPolicy(true);
    HealthStatusManager health = new HealthStatusManager();
    EventLoopGroup loops =
        new MultiThreadIoEventLoopGroup(
            new DefaultThreadFactory("grpc-io", true), NioIoHandler.newFactory());
    Quotas quotas = new Quotas(quota);
    BoundedServerChannel socket =
        new BoundedServerChannel(guards.connections(), guards.connectionsPerAddress());
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(listen)
            .sslContext(ssl)
            .executor(executor)
            .channelFactory(() -> socket)
            .bossEventLoopGroup(loops)
            .workerEventLoopGroup(loops)
            .maxInboundMessageSize(Limits.MESSAGE_BYTES)
            .maxInboundMetadataSize(16 << 10)
            .initialFlowControlWindow(Limits.FIRST_WINDOW)
            .maxConcurrentCallsPerConnection(64)
            .handshakeTimeout(guards.handshake().toMillis(), TimeUnit.MILLISECONDS)
            .maxConnectionIdle(guards.connectionIdle().toMillis(), TimeUnit.MILLISECONDS)
            .permitKeepAliveTime(10, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            // The interceptor added last runs first.
            .intercept(new GuardInterceptor(timer, guards, socket::hangUp))
            .intercept(new QuotaInterceptor(quotas))
            .addService(RawMessages.of(health.getHealthService().bindService()))
            .addService(RawMessages.of(ProtoReflectionServiceV1.newInstance().bindService()));
    AuthServerInterceptor authentication = new AuthServerInterceptor(auth, quotas);
    for (BindableService service : services) {
      builder.addService(
          ServerInterceptors.intercept(RawMessages.of(service.bindService()), authentication));
    }
    try {
      return new NodeServer(builder.build().start(), keys, loops, executor, timer, health, quotas);
    } catch (IOException e) {
      loops.shutdownGracefully(0, 0, TimeUnit.SECONDS);
      executor.shutdown();
      timer.shutdown();
      throw new IOException(
          "cannot listen on "
              + listen.getHostString()
              + ":"
              + listen.getPort()
              + " ("
              + rootMessage(e)
              + "): stop what uses the port, or choose another one with --listen",
          e);
    }
  }

  private static String rootMessage(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return String.valueOf(root.getMessage());
  }

  /** The port it listens on. */
  public int port() {
    return port;
  }

  /**
   * Shows these keys in handshakes from now on: a client gets the one that it asks for. Connections
   * that there are go on.
   *
   * @param preferred for clients that ask for none of them; when it is none of them, the first
   * @throws IOException when a file cannot be read; then nothing has changed
   */
  public void show(List<TlsIdentity> identities, Hash32 preferred) throws IOException {
    keys.show(identities, preferred);
  }

  /** Calls that run now; an authenticated one counts for its caller and for its address. */
  int running() {
    return quotas.running();
  }

  /** Takes no calls any more; running ones go on. */
  public void finish() {
    if (!server.isShutdown()) {
      health.enterTerminalState();
      server.shutdown();
    }
  }

  /** Stops taking calls, lets running ones end for up to five seconds, then cuts them. */
  @Override
  public void close() {
    close(GRACE);
  }

  /** The same, letting them end for up to a time that is at most five seconds. */
  public void close(Duration most) {
    finish();
    Duration grace = most.compareTo(GRACE) < 0 ? most : GRACE;
    try {
      if (!server.awaitTermination(grace.toMillis(), TimeUnit.MILLISECONDS)) {
        server.shutdownNow().awaitTermination(GRACE.toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    }
    timer.shutdownNow();
    executor.shutdown();
    loops.shutdownGracefully(0, GRACE.toSeconds(), TimeUnit.SECONDS);
  }
}
