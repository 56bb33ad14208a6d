package io.granary.protocol.grpc;

import io.granary.proofs.Hash32;
import java.io.IOException;
import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * The keys that a server shows: the one that a client asks for by its {@link PinName} where there
 * is that key, else the preferred one. They can be replaced while the server runs; handshakes from
 * then on see the new ones. An alias is a key's hash.
 */
final class ServerKeys extends X509ExtendedKeyManager {
  private record Shown(Map<String, TlsIdentity.Credential> keys, String preferred) {}

  private volatile Shown shown;

  /**
   * With one key.
   *
   * @throws IOException when its files cannot be read
   */
  ServerKeys(TlsIdentity only) throws IOException {
    this.shown = load(List.of(only), only.tlsKeyHash());
  }

  /**
   * Shows these keys instead.
   *
   * @param preferred for clients that ask for none of them; when it is none of them, the first
   * @throws IOException when a file cannot be read; then nothing has changed
   */
  void show(List<TlsIdentity> identities, Hash32 preferred) throws IOException {
    shown = load(identities, preferred);
  }

  private static Shown load(List<TlsIdentity> identities, Hash32 preferred) throws IOException {
    Map<String, TlsIdentity.Credential> keys = new HashMap<>();
    for (TlsIdentity identity : identities) {
      keys.put(identity.tlsKeyHash().toHex(), identity.credential());
    }
    String first = identities.getFirst().tlsKeyHash().toHex();
    return new Shown(
        Map.copyOf(keys), keys.containsKey(preferred.toHex()) ? preferred.toHex() : first);
  }

  /** Null when the chosen key is not of that type: then the handshake tries another one. */
  private @Nullable String choose(String keyType, Optional<Hash32> asked) {
    Shown now = shown;
    String alias = asked.map(Hash32::toHex).filter(now.keys()::containsKey).orElse(now.preferred());
    TlsIdentity.Credential chosen = now.keys().get(alias);
    return chosen != null && keyType.equals(chosen.key().getAlgorithm()) ? alias : null;
  }

  private static Optional<Hash32> asked(SSLEngine engine) {
    if (!(engine.getHandshakeSession() instanceof ExtendedSSLSession session)) {
      return Optional.empty();
    }
    for (SNIServerName name : session.getRequestedServerNames()) {
      if (name instanceof SNIHostName host) {
        return PinName.parse(host.getAsciiName());
      }
    }
    return Optional.empty();
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
    return choose(keyType, asked(engine));
  }

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return choose(keyType, Optional.empty());
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(String alias) {
    TlsIdentity.Credential found = shown.keys().get(alias);
    return found == null ? null : found.chain().toArray(X509Certificate[]::new);
  }

  @Override
  public @Nullable PrivateKey getPrivateKey(String alias) {
    TlsIdentity.Credential found = shown.keys().get(alias);
    return found == null ? null : found.key();
  }

  @Override
  public String[] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    return shown.keys().entrySet().stream()
        .filter(e -> e.getValue().key().getAlgorithm().equals(keyType))
        .map(Map.Entry::getKey)
        .toArray(String[]::new);
  }

  @Override
  public @Nullable String chooseEngineClientAlias(
      String[] keyType, Principal @Nullable [] issuers, SSLEngine engine) {
    return null;
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return null;
  }

  @Override
  public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }
}
