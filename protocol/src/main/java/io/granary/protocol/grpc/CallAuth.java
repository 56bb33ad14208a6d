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
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Makes and checks the tokens that authenticate calls (Protocol §8.3). Safe for several threads.
 */
public final class CallAuth {
  static final Metadata.Key<byte[]> KEY =
      Metadata.Key.of("granary-auth-bin", Metadata.BINARY_BYTE_MARSHALLER);
  // Within the two minutes that a token lives, a node sees fewer calls than this; beyond it new
  // callers wait.
  private static final int MAX_NONCES = 200_000;
  private static final long LIFETIME_SECONDS = 60;

  private final SigningDomain domain;
  private final Address audience;
  private final Clock clock;
  private final Map<ByteString, Long> nonces = new LinkedHashMap<>();

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
    byte[] nonce = new byte[16];
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

  static Hash32 hashOf(Object message) {
    return Sha256.hash(((MessageLite) message).toByteArray());
  }

  /** Who a token speaks for, and for which first message. */
  record Caller(Address address, Hash32 requestHash) {}

  /** Checks everything about a token but the message itself, and uses up its nonce. */
  Caller check(byte[] bytes, String method) throws Rejected {
    AuthToken token;
    Address caller;
    Hash32 requestHash;
    Hash32 digest;
    try {
      token = AuthToken.parseFrom(bytes);
      caller = Wire.address("caller", token.getCaller());
      requestHash = Wire.hash("request_hash", token.getRequestHash());
      if (token.getNonce().size() != 16) {
        throw new WireException("nonce must have 16 bytes, not " + token.getNonce().size());
      }
      Address named = Wire.address("audience", token.getAudience());
      if (!named.equals(audience)) {
        throw new Rejected(
            "the token is for " + named + ", this is " + audience + "; sign one for this node");
      }
      digest =
          Eip712.call(
              domain,
              caller,
              named,
              token.getMethod(),
              requestHash,
              token.getExpiresAt(),
              token.getNonce().toByteArray());
      if (Signatures.recover(digest, Wire.signature(token.getSignature()))
          .filter(caller::equals)
          .isEmpty()) {
        throw new Rejected("the signature is not " + caller + "'s; check chain id, market and key");
      }
    } catch (InvalidProtocolBufferException | WireException e) {
      throw new Rejected("granary-auth-bin is no AuthToken: " + e.getMessage());
    }
    if (!token.getMethod().equals(method)) {
      throw new Rejected("the token is for " + token.getMethod() + ", this is " + method);
    }
    long now = clock.instant().getEpochSecond();
    if (token.getExpiresAt() <= now) {
      throw new Rejected(
          "the token expired "
              + (now - token.getExpiresAt())
              + " s ago; check the clock and sign a new one");
    }
    if (token.getExpiresAt() > now + Limits.AUTH_MAX.toSeconds()) {
      throw new Rejected(
          "the token expires more than "
              + Limits.AUTH_MAX.toSeconds()
              + " s ahead; sign a shorter one");
    }
    useNonce(caller, token, now);
    return new Caller(caller, requestHash);
  }

  private synchronized void useNonce(Address caller, AuthToken token, long now) throws Rejected {
    nonces.values().removeIf(expiry -> expiry <= now);
    if (nonces.size() >= MAX_NONCES) {
      throw new Rejected("too many calls at once; try again in a minute");
    }
    ByteString key = Wire.bytes(caller).concat(token.getNonce());
    if (nonces.putIfAbsent(key, token.getExpiresAt()) != null) {
      throw new Rejected("this token was used before; sign a new one for each call");
    }
  }
}
