package io.granary.protocol.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.values.Address;
import io.granary.v1.AuthToken;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;

/**
 * Tokens of one caller for one node, right ones and ones that are wrong in one way each.
 *
 * @param domain chain and market
 * @param caller who signs
 * @param audience the node
 */
public record Tokens(SigningDomain domain, EthKey caller, Address audience) {
  /** A good one. */
  public byte[] good(Surface.Method method, byte[] first) {
    return CallAuth.token(domain, caller, audience, method.name(), first, Clock.systemUTC());
  }

  private byte[] at(Surface.Method method, byte[] first, Duration shift) {
    return CallAuth.token(
        domain,
        caller,
        audience,
        method.name(),
        first,
        Clock.fixed(Instant.now().plus(shift), ZoneOffset.UTC));
  }

  /** A token that must be refused, and why. */
  public record Wrong(String why, Optional<byte[]> token) {}

  /** One for each way in which a token can be wrong by itself. */
  public List<Wrong> wrong(Surface.Method method, byte[] first) throws Exception {
    Tokens otherChain =
        new Tokens(new SigningDomain(domain.chainId() + 1, domain.market()), caller, audience);
    Tokens otherMarket =
        new Tokens(new SigningDomain(domain.chainId(), audience), caller, audience);
    byte[] forged = good(method, first);
    forged[forged.length - 20] ^= 1;
    return List.of(
        new Wrong("none", Optional.empty()),
        new Wrong("no token", Optional.of(new byte[] {1, 2, 3})),
        new Wrong("another chain", Optional.of(otherChain.good(method, first))),
        new Wrong("another market", Optional.of(otherMarket.good(method, first))),
        new Wrong(
            "another node",
            Optional.of(new Tokens(domain, caller, Address.ZERO).good(method, first))),
        new Wrong("expired", Optional.of(at(method, first, Duration.ofMinutes(-3)))),
        new Wrong("valid too long", Optional.of(at(method, first, Duration.ofMinutes(3)))),
        new Wrong("another's name", Optional.of(inTheNameOf(Address.ZERO, method, first))),
        new Wrong("a changed signature", Optional.of(forged)),
        new Wrong("another request", Optional.of(good(method, new byte[] {42}))));
  }

  private byte[] inTheNameOf(Address other, Surface.Method method, byte[] first)
      throws InvalidProtocolBufferException {
    return AuthToken.parseFrom(good(method, first)).toBuilder()
        .setCaller(Wire.bytes(other))
        .build()
        .toByteArray();
  }
}
