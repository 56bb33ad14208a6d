package io.granary.contracts;

import io.granary.contracts.bindings.DevToken;
import io.granary.proofs.Hash32;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.time.Instant;
import java.util.Arrays;

/**
 * An ERC-2612 permit over the token's own domain, in the parts that contracts take.
 *
 * @param deadline Unix seconds
 */
record Permits(BigInteger deadline, BigInteger v, byte[] r, byte[] s) {
  private static final long SECONDS = 3600;

  /** Signs one for an hour. */
  static Permits sign(
      Calls calls,
      Address tokenAddress,
      DevToken token,
      EthKey key,
      Address spender,
      TokenAmount amount) {
    BigInteger deadline = BigInteger.valueOf(Instant.now().getEpochSecond() + SECONDS);
    Hash32 domain = Hash32.of(calls.call(tokenAddress, token.DOMAIN_SEPARATOR(), byte[].class));
    BigInteger nonce =
        calls.call(tokenAddress, token.nonces(key.address().toString()), BigInteger.class);
    byte[] signature =
        key.sign(Eip712.permit(domain, key.address(), spender, amount.units(), nonce, deadline))
            .bytes();
    return new Permits(
        deadline,
        BigInteger.valueOf(signature[64]),
        Arrays.copyOfRange(signature, 0, 32),
        Arrays.copyOfRange(signature, 32, 64));
  }
}
