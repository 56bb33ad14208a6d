package io.granary.protocol.crypto;

import io.granary.proofs.Hash32;
import io.granary.protocol.values.Address;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Optional;
import org.bouncycastle.math.ec.ECAlgorithms;
import org.bouncycastle.math.ec.ECPoint;

/** Recovers who signed. */
public final class Signatures {
  private Signatures() {}

  /**
   * The signer's address; empty when the signature recovers to nobody or has a high s, which
   * contracts refuse.
   */
  public static Optional<Address> recover(Hash32 digest, Signature signature) {
    byte[] bytes = signature.bytes();
    BigInteger n = EthKey.CURVE.getN();
    BigInteger r = new BigInteger(1, Arrays.copyOfRange(bytes, 0, 32));
    BigInteger s = new BigInteger(1, Arrays.copyOfRange(bytes, 32, 64));
    int parity = bytes[64] - 27;
    if (r.signum() == 0
        || r.compareTo(n) >= 0
        || s.signum() == 0
        || s.compareTo(EthKey.HALF_ORDER) > 0
        || parity < 0
        || parity > 1) {
      return Optional.empty();
    }
    byte[] compressed = new byte[33];
    compressed[0] = (byte) (2 + parity);
    System.arraycopy(EthKey.to32(r), 0, compressed, 1, 32);
    ECPoint point;
    try {
      point = EthKey.CURVE.getCurve().decodePoint(compressed);
    } catch (IllegalArgumentException notOnTheCurve) {
      return Optional.empty();
    }
    BigInteger e = new BigInteger(1, digest.bytes());
    BigInteger inverse = r.modInverse(n);
    BigInteger u1 = n.subtract(inverse.multiply(e).mod(n)).mod(n);
    BigInteger u2 = inverse.multiply(s).mod(n);
    ECPoint key = ECAlgorithms.sumOfTwoMultiplies(EthKey.CURVE.getG(), u1, point, u2).normalize();
    return key.isInfinity() ? Optional.empty() : Optional.of(EthKey.addressOf(key));
  }
}
