package io.granary.protocol.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.Signatures;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.values.Address;
import io.granary.v1.AuthToken;
import io.grpc.Metadata;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;

/**
 * Makes and checks the tokens that authenticate calls (Protocol §8.3). Safe for several threads.
 */
public final class CallAuth {
  static final Metadata.Key<byte[]> KEY =
      Metadata.Key.of("granary-auth-bin", Metadata.BINARY_BYTE_MARSHALLER);
  // Within the two minutes that a token lives, a node sees fewer calls than this; beyond it new
  // callers wait. One address uses few of them: it has a quota (Protocol §8.6).
  private static final int MAX_NONCES = 200_000;
  private static final long LIFETIME_SECONDS = 60;
  private static final int NONCE_BYTES = 16;

  private final SigningDomain domain;
  private final Address audience;
  private final Clock clock;
  private final Nonces nonces = new Nonces(MAX_NONCES);

  /** A checker for calls to {@code audience}. */
  public CallAuth(SigningDomain domain, Address audience, Clock clock) {
    this.domain = domain;
    this.audience = audience;
    this.clock = clock;
  }

  /** A call was not authenticated; the message names the remedy. */
  static final class Rejected extends Exception {
    private static final long serialVersionUID = 1L;

    Rejected(String message) {
      super(message);
    }
  }

  /** A token for one call. */
  static byte[] token(
      SigningDomain domain,
      EthKey caller,
      Address audience,
      String method,
      Object first,
      Clock clock) {
    byte[] nonce = new byte[NONCE_BYTES];
    new SecureRandom().nextBytes(nonce);
    long expiresAt = clock.instant().getEpochSecond() + LIFETIME_SECONDS;
    Hash32 hash = hashOf(first);
    Hash32 digest = Eip712.call(domain, caller.address(), audience, method, hash, expiresAt, nonce);
    return AuthToken.newBuilder()
        .setCaller(Wire.bytes(caller.address()))
        .setAudience(Wire.bytes(audience))
        .setMethod(method)
        .setRequestHash(Wire.bytes(hash))
        .setExpiresAt(expiresAt)
        .setNonce(ByteString.copyFrom(nonce))
        .setSignature(Wire.bytes(caller.sign(digest)))
        .build()
        .toByteArray();
  }

  /** Of a request: a message that is about to be sent, or bytes as they came. */
  static Hash32 hashOf(Object message) {
    return Sha256.hash(message instanceof byte[] raw ? raw : ((MessageLite) message).toByteArray());
  }

  /** Who a token speaks for, and for which first message. */
  record Caller(Address address, Hash32 requestHash) {}

  /** Checks everything about a token but the message itself, and uses up its nonce. */
  Caller check(byte[] bytes, String method) throws Rejected, Quotas.ExceededException {
    try {
      AuthToken token = AuthToken.parseFrom(bytes);
      Address caller = Wire.address("caller", token.getCaller());
      Hash32 requestHash = Wire.hash("request_hash", token.getRequestHash());
      if (token.getNonce().size() != NONCE_BYTES) {
        throw new WireException(
            "nonce must have " + NONCE_BYTES + " bytes, not " + token.getNonce().size());
      }
      long now = clock.instant().getEpochSecond();
      checkPlace(token, method);
      checkTime(token.getExpiresAt(), now);
      checkSignature(token, caller, requestHash);
      useNonce(caller, token, now);
      return new Caller(caller, requestHash);
    } catch (InvalidProtocolBufferException | WireException e) {
      throw new Rejected("granary-auth-bin is no AuthToken: " + e.getMessage());
    }
  }

  private void checkPlace(AuthToken token, String method) throws Rejected {
    Address named = Wire.address("audience", token.getAudience());
    if (!named.equals(audience)) {
      throw new Rejected(
          "the token is for " + named + ", this is " + audience + "; sign one for this node");
    }
    if (!token.getMethod().equals(method)) {
      throw new Rejected(
          "the token is for another method, this is " + method + "; sign one for it");
    }
  }

  private static void checkTime(long expiresAt, long now) throws Rejected {
    if (expiresAt >= 0 && expiresAt <= now) {
      throw new Rejected(
          "the token expired " + (now - expiresAt) + " s ago; check the clock and sign a new one");
    }
    // uint64: what is negative here lies beyond 2^63.
    if (expiresAt < 0 || expiresAt > now + Limits.AUTH_MAX.toSeconds()) {
      throw new Rejected(
          "the token expires more than "
              + Limits.AUTH_MAX.toSeconds()
              + " s ahead; check the clock or sign a shorter one");
    }
  }

  private void checkSignature(AuthToken token, Address caller, Hash32 requestHash) throws Rejected {
    Hash32 digest =
        Eip712.call(
            domain,
            caller,
            audience,
            token.getMethod(),
            requestHash,
            token.getExpiresAt(),
            token.getNonce().toByteArray());
    if (Signatures.recover(digest, Wire.signature(token.getSignature()))
        .filter(caller::equals)
        .isEmpty()) {
      throw new Rejected("the signature is not " + caller + "'s; check chain id, market and key");
    }
  }

  private void useNonce(Address caller, AuthToken token, long now)
      throws Rejected, Quotas.ExceededException {
    switch (nonces.use(Wire.bytes(caller).concat(token.getNonce()), token.getExpiresAt(), now)) {
      case FIRST -> {}
      case AGAIN -> throw new Rejected("this token was used before; sign a new one for each call");
      case LATE ->
          throw new Rejected(
              "the token had expired before this node's clock was set back; sign a new one");
      case FULL ->
          throw new Quotas.ExceededException(
              "this node remembers "
                  + MAX_NONCES
                  + " tokens until they expire, and does already; come back in a minute",
              Duration.ofMinutes(1));
    }
  }
}
