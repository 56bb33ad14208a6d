package io.granary.protocol.grpc;

import io.granary.proofs.Hash32;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Asks whoever listens at an address for its TLS key (Protocol §8.1), sends nothing else and trusts
 * nothing that it is told: the caller compares.
 */
public final class TlsProbe {
  private TlsProbe() {}

  /**
   * The hash by which the peer's key would be pinned.
   *
   * @param expected the key that is asked for; a node that has it shows it
   * @param patience for the connection, and again for the handshake
   * @throws IOException when nobody answers, or not with TLS 1.3
   */
  public static Hash32 keyHash(InetSocketAddress address, Hash32 expected, Duration patience)
      throws IOException {
    int millis = Math.toIntExact(patience.toMillis());
    try (Socket plain = new Socket()) {
      plain.connect(address, millis);
      plain.setSoTimeout(millis);
      SSLContext context = SSLContext.getInstance("TLSv1.3");
      context.init(null, new TrustManager[] {new Anybody()}, new SecureRandom());
      try (SSLSocket socket =
          (SSLSocket)
              context
                  .getSocketFactory()
                  .createSocket(plain, address.getHostString(), address.getPort(), true)) {
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setServerNames(List.of(new SNIHostName(PinName.of(expected))));
        parameters.setApplicationProtocols(new String[] {"h2"});
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        Certificate certificate = socket.getSession().getPeerCertificates()[0];
        return TlsIdentity.keyHash((X509Certificate) certificate);
      }
    } catch (GeneralSecurityException e) {
      throw new IOException("this JVM cannot do TLS 1.3: " + e.getMessage(), e);
    }
  }

  /** Lets the handshake end, so that there is a certificate to look at. */
  private static final class Anybody extends X509ExtendedTrustManager {
    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
