package io.granary.protocol.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.granary.proofs.Hash32;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Which key a handshake shows, with the JDK's TLS: the servers of the other tests use netty's own
 * where it runs, and this where it does not.
 */
class ServerKeysTest {
  @TempDir Path dir;
  private TlsFolder folder;
  private Hash32 first;
  private Hash32 next;
  private ServerKeys keys;

  @BeforeEach
  void make() throws IOException {
    first = TlsIdentity.loadOrCreate(dir).tlsKeyHash();
    folder = new TlsFolder(dir);
    next = folder.makeNext().tlsKeyHash();
    keys = new ServerKeys(folder.current());
  }

  @Test
  void the_key_that_is_asked_for_is_shown_else_the_preferred_one() throws Exception {
    assertEquals(first, shown(List.of(PinName.of(next))));
    keys.show(folder.all(), next);
    assertEquals(first, shown(List.of(PinName.of(first))));
    assertEquals(next, shown(List.of(PinName.of(next))));
    assertEquals(next, shown(List.of(PinName.of(Hash32.ZERO))));
    assertEquals(next, shown(List.of("storage.example.org")));
    assertEquals(next, shown(List.of()));
    keys.show(folder.all(), Hash32.ZERO);
    assertEquals(first, shown(List.of()), "the node's own when the registry says neither");
  }

  @Test
  void a_client_without_tls_1_3_or_another_kind_of_key_is_shown_none() throws Exception {
    assertEquals(null, keys.chooseServerAlias("RSA", null, null));
    SSLEngine client = engine(new KeyManager[0], true, List.of());
    client.setEnabledProtocols(new String[] {"TLSv1.2"});
    SSLEngine server = engine(new KeyManager[] {keys}, false, List.of());
    server.setEnabledProtocols(new String[] {"TLSv1.3"});
    assertThrows(SSLHandshakeException.class, () -> handshake(client, server));
  }

  private Hash32 shown(List<String> names) throws Exception {
    SSLEngine client = engine(new KeyManager[0], true, names);
    handshake(client, engine(new KeyManager[] {keys}, false, List.of()));
    return TlsIdentity.keyHash((X509Certificate) client.getSession().getPeerCertificates()[0]);
  }

  private static SSLEngine engine(KeyManager[] with, boolean isClient, List<String> names)
      throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(with, new TrustManager[] {new Anybody()}, null);
    SSLEngine engine = context.createSSLEngine();
    engine.setUseClientMode(isClient);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setServerNames(names.stream().<SNIServerName>map(SNIHostName::new).toList());
    engine.setSSLParameters(parameters);
    return engine;
  }

  /** What each side writes is read by the other until neither has more to say. */
  private static void handshake(SSLEngine client, SSLEngine server) throws IOException {
    ByteBuffer toServer = ByteBuffer.allocate(1 << 16);
    ByteBuffer toClient = ByteBuffer.allocate(1 << 16);
    client.beginHandshake();
    server.beginHandshake();
    while (isOn(client) || isOn(server)) {
      step(client, toServer, toClient);
      step(server, toClient, toServer);
    }
  }

  private static boolean isOn(SSLEngine engine) {
    return engine.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING;
  }

  private static void step(SSLEngine engine, ByteBuffer out, ByteBuffer in) throws IOException {
    ByteBuffer nothing = ByteBuffer.allocate(1 << 16);
    switch (engine.getHandshakeStatus()) {
      case NEED_WRAP -> engine.wrap(ByteBuffer.allocate(0), out);
      case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
        in.flip();
        engine.unwrap(in, nothing);
        in.compact();
      }
      case NEED_TASK -> engine.getDelegatedTask().run();
      case FINISHED, NOT_HANDSHAKING -> {}
    }
  }

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
