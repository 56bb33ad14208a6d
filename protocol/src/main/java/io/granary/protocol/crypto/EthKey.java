package io.granary.protocol.crypto;

import io.granary.proofs.Hash32;
import io.granary.protocol.values.Address;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;
import org.bouncycastle.asn1.sec.SECNamedCurves;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.signers.ECDSASigner;
import org.bouncycastle.crypto.signers.HMacDSAKCalculator;
import org.bouncycastle.math.ec.ECMultiplier;
import org.bouncycastle.math.ec.ECPoint;
import org.bouncycastle.math.ec.FixedPointCombMultiplier;

/** A secp256k1 private key. It never shows in {@link #toString}. */
public final class EthKey {
  static final X9ECParameters CURVE = SECNamedCurves.getByName("secp256k1");
  static final ECDomainParameters DOMAIN =
      new ECDomainParameters(CURVE.getCurve(), CURVE.getG(), CURVE.getN(), CURVE.getH());
  static final BigInteger HALF_ORDER = CURVE.getN().shiftRight(1);

  private static final byte[] DERIVATION_SALT = "granary/v1".getBytes(StandardCharsets.US_ASCII);

  private final BigInteger secret;
  private final Address address;

  private EthKey(BigInteger secret) {
    if (secret.signum() <= 0 || secret.compareTo(CURVE.getN()) >= 0) {
      throw new IllegalArgumentException("a private key lies between 1 and the curve's order");
    }
    this.secret = secret;
    this.address = addressOf(new FixedPointCombMultiplier().multiply(DOMAIN.getG(), secret));
  }

  /**
   * From 32 bytes.
   *
   * @throws IllegalArgumentException when they are no private key
   */
  public static EthKey of(byte[] secret) {
    if (secret.length != 32) {
      throw new IllegalArgumentException("a private key has 32 bytes, not " + secret.length);
    }
    return new EthKey(new BigInteger(1, secret));
  }

  /** A new key. */
  public static EthKey generate() {
    SecureRandom random = new SecureRandom();
    while (true) {
      BigInteger candidate = new BigInteger(256, random);
      if (candidate.signum() > 0 && candidate.compareTo(CURVE.getN()) < 0) {
        return new EthKey(candidate);
      }
    }
  }

  /** Its address. */
  public Address address() {
    return address;
  }

  /** The 32 secret bytes; keep them out of logs. */
  public byte[] secretBytes() {
    return to32(secret);
  }

  /**
   * Derives 32 bytes for a purpose of their own: HKDF-SHA256 (RFC 5869) of the secret with the salt
   * "granary/v1". From them nobody learns the secret, nor what is derived for another purpose.
   *
   * @param info the purpose, in ASCII
   */
  public byte[] derive(String info) {
    try {
      return KDF.getInstance("HKDF-SHA256")
          .deriveData(
              HKDFParameterSpec.ofExtract()
                  .addIKM(secretBytes())
                  .addSalt(DERIVATION_SALT)
                  .thenExpand(info.getBytes(StandardCharsets.US_ASCII), 32));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK 25 has HKDF-SHA256", e);
    }
  }

  /** Signs a digest deterministically (RFC 6979) with low s. */
  public Signature sign(Hash32 digest) {
    Signer signer = new Signer();
    signer.init(true, new ECPrivateKeyParameters(secret, DOMAIN));
    BigInteger[] rs = signer.generateSignature(digest.bytes());
    boolean high = rs[1].compareTo(HALF_ORDER) > 0;
    byte[] bytes = new byte[Signature.BYTES];
    System.arraycopy(to32(rs[0]), 0, bytes, 0, 32);
    System.arraycopy(to32(high ? CURVE.getN().subtract(rs[1]) : rs[1]), 0, bytes, 32, 32);
    // The other s belongs to the point with the other y.
    bytes[64] = (byte) (27 + (signer.isNonceOdd() != high ? 1 : 0));
    return Signature.of(bytes);
  }

  /**
   * Keeps the point of which r is the x, because the parity of its y is what a signature recovers
   * by: to find it by recovering takes twice as long as the signature.
   */
  private static final class Signer extends ECDSASigner {
    private ECPoint nonce = CURVE.getG();

    Signer() {
      super(new HMacDSAKCalculator(new SHA256Digest()));
    }

    @Override
    protected ECMultiplier createBasePointMultiplier() {
      ECMultiplier multiplier = super.createBasePointMultiplier();
      return (point, k) -> nonce = multiplier.multiply(point, k).normalize();
    }

    boolean isNonceOdd() {
      return nonce.getAffineYCoord().testBitZero();
    }
  }

  static Address addressOf(ECPoint point) {
    byte[] encoded = point.getEncoded(false);
    byte[] hash = Keccak.hash(Arrays.copyOfRange(encoded, 1, 65)).bytes();
    return Address.of(Arrays.copyOfRange(hash, 12, 32));
  }

  static byte[] to32(BigInteger value) {
    byte[] bytes = value.toByteArray();
    byte[] out = new byte[32];
    int n = Math.min(32, bytes.length);
    System.arraycopy(bytes, bytes.length - n, out, 32 - n, n);
    return out;
  }

  @Override
  public String toString() {
    return "EthKey[" + address + "]";
  }
}
