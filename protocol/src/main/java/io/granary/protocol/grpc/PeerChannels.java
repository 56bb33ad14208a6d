package io.granary.protocol.grpc;

import io.granary.proofs.Hash32;
import io.granary.protocol.chain.PeerRecord;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Channels to registered peers: TLS 1.3, the peer's key pinned from the registry (Protocol §8.1).
 */
public final class PeerChannels {
  private PeerChannels() {}

  /**
   * Opens a channel; it connects on first use.
   *
   * @throws IllegalArgumentException when the endpoint is not host:port
   */
  public static ManagedChannel open(PeerRecord peer) {
    int colon = peer.endpoint().lastIndexOf(':');
    int port;
    try {
      port = Integer.parseInt(peer.endpoint().substring(colon + 1));
    } catch (NumberFormatException e) {
      port = -1;
    }
    if (colon < 1 || port < 1 || port > 65_535) {
      throw new IllegalArgumentException(
          "endpoint '"
              + peer.endpoint()
              + "' of "
              + peer.id()
              + " is not host:port; its owner must update the registry");
    }
    try {
      return NettyChannelBuilder.forAddress(peer.endpoint().substring(0, colon), port)
          .sslContext(
              GrpcSslContexts.forClient().protocols("TLSv1.3").trustManager(new Pin(peer)).build())
          // A node that changes its key has two: this asks for the one that is pinned.
          .overrideAuthority(PinName.of(peer.tlsKeyHash()))
          .flowControlWindow(Limits.FLOW_WINDOW)
          .maxInboundMessageSize(Limits.MESSAGE_BYTES)
          .keepAliveTime(30, TimeUnit.SECONDS)
          .keepAliveTimeout(10, TimeUnit.SECONDS)
          // Peers come from the registry; DNS must not change how they are called.
          .disableServiceConfigLookUp()
          .intercept(new DefaultDeadlines())
          .build();
    } catch (SSLException e) {
      throw new IllegalStateException("this JVM cannot do TLS 1.3", e);
    }
  }

  /** Every call has a deadline (Protocol §8.1), also one whose author forgot it. */
  private static final class DefaultDeadlines implements ClientInterceptor {
    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(
        MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
      boolean unary = method.getType() == MethodDescriptor.MethodType.UNARY;
      long seconds = (unary ? Limits.CALL : Limits.STREAM).toSeconds();
      return next.newCall(
          method,
          options.getDeadline() != null
              ? options
              : options.withDeadlineAfter(seconds, TimeUnit.SECONDS));
    }
  }

  /** Trusts one key and nothing else. */
  private static final class Pin extends X509ExtendedTrustManager {
    private final PeerRecord peer;

    Pin(PeerRecord peer) {
      this.peer = peer;
    }

    private void check(X509Certificate[] chain) throws CertificateException {
      if (chain.length == 0) {
        throw new CertificateException(peer.endpoint() + " showed no certificate");
      }
      Hash32 found = TlsIdentity.keyHash(chain[0]);
      if (!found.equals(peer.tlsKeyHash())) {
        throw new CertificateException(
            "the TLS key of "
                + peer.endpoint()
                + " is "
                + found
                + ", the registry says "
                + peer.tlsKeyHash()
                + " for "
                + peer.id()
                + ": it is another node, its owner must update the registry, or has done so since it was read: try again");
      }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      throw new CertificateException("this side is no server");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      throw new CertificateException("this side is no server");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      throw new CertificateException("this side is no server");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
