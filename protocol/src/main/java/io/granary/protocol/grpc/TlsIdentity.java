package io.granary.protocol.grpc;

import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.SignatureException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * A node's TLS key and self-signed certificate (Protocol §8.1), as PEM files. Peers know the key by
 * its hash in the registry, so nobody else needs to sign it.
 *
 * @param keyFile PKCS#8 private key, readable by its owner only
 * @param certificateFile the certificate
 * @param tlsKeyHash SHA-256 of the DER SubjectPublicKeyInfo
 */
public record TlsIdentity(Path keyFile, Path certificateFile, Hash32 tlsKeyHash) {
  // Peers pin the key and ignore dates; the certificate only has to be one.
  private static final Duration VALIDITY = Duration.ofDays(365L * 30);

  private static final String NAME = "tls";

  /** The private key, and the certificate in front of those that signed it, if any. */
  record Credential(PrivateKey key, List<X509Certificate> chain) {}

  /**
   * Loads {@code tls-key.pem} and {@code tls-cert.pem} of a folder, or makes them.
   *
   * @throws IOException when they cannot be read or written
   */
  public static TlsIdentity loadOrCreate(Path directory) throws IOException {
    if (!Files.exists(TlsFolder.key(directory, NAME))
        && !Files.exists(TlsFolder.certificate(directory, NAME))) {
      Files.createDirectories(directory);
      create(directory, NAME);
    }
    return load(directory);
  }

  /**
   * Loads {@code tls-key.pem} and {@code tls-cert.pem} of a folder. A node that runs never makes
   * new ones: peers would refuse it, for the registry tells them the old key.
   *
   * @throws IOException when one is missing or cannot be read, or they do not belong together
   */
  public static TlsIdentity load(Path directory) throws IOException {
    return load(directory, NAME);
  }

  static TlsIdentity load(Path directory, String name) throws IOException {
    Path key = TlsFolder.key(directory, name);
    Path certificate = TlsFolder.certificate(directory, name);
    for (Path file : new Path[] {key, certificate}) {
      if (!Files.isRegularFile(file)) {
        throw new IOException(
            file
                + " is missing, and the registry tells peers the key it belongs to: restore it from a backup");
      }
    }
    Credential credential = credential(key, certificate);
    X509Certificate own = credential.chain().getFirst();
    if (!belongTogether(credential.key(), own)) {
      throw new IOException(
          key
              + " is not the key of "
              + certificate
              + ": a rotation was cut off, which the node ends when it starts; or restore both from a backup");
    }
    return new TlsIdentity(key, certificate, keyHash(own));
  }

  /**
   * Reads its files.
   *
   * @throws IOException when one cannot be read
   */
  Credential credential() throws IOException {
    return credential(keyFile, certificateFile);
  }

  private static Credential credential(Path keyFile, Path certificateFile) throws IOException {
    try (Reader reader = Files.newBufferedReader(keyFile);
        PEMParser parser = new PEMParser(reader);
        InputStream certificates = Files.newInputStream(certificateFile)) {
      List<X509Certificate> chain = new ArrayList<>();
      for (Certificate c :
          CertificateFactory.getInstance("X.509").generateCertificates(certificates)) {
        chain.add((X509Certificate) c);
      }
      if (chain.isEmpty()) {
        throw new IOException(
            certificateFile
                + " holds no certificate; remove it and "
                + keyFile
                + " to have new ones made");
      }
      if (parser.readObject() instanceof PrivateKeyInfo key) {
        return new Credential(new JcaPEMKeyConverter().getPrivateKey(key), List.copyOf(chain));
      }
      throw new IOException(keyFile + " holds no PKCS#8 key: restore it from a backup");
    } catch (CertificateException e) {
      throw new IOException(certificateFile + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static boolean belongTogether(PrivateKey key, X509Certificate certificate)
      throws IOException {
    String algorithm =
        switch (key.getAlgorithm()) {
          case "EC" -> "SHA256withECDSA";
          case "RSA" -> "SHA256withRSA";
          default -> key.getAlgorithm();
        };
    byte[] anything = certificate.getSerialNumber().toByteArray();
    try {
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(key);
      signature.update(anything);
      byte[] signed = signature.sign();
      signature.initVerify(certificate.getPublicKey());
      signature.update(anything);
      return signature.verify(signed);
    } catch (InvalidKeyException | SignatureException otherKind) {
      return false;
    } catch (GeneralSecurityException e) {
      throw new IOException("this JVM cannot use a TLS key of kind " + algorithm, e);
    }
  }

  /** Makes one; a file that is there is replaced. The key comes last: with it there is one. */
  static void create(Path directory, String name) throws IOException {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      KeyPair pair = generator.generateKeyPair();
      X500Name subject = new X500Name("CN=granary");
      Instant now = Instant.now();
      X509CertificateHolder certificate =
          new JcaX509v3CertificateBuilder(
                  subject,
                  new BigInteger(120, new SecureRandom()).add(BigInteger.ONE),
                  Date.from(now.minus(Duration.ofDays(1))),
                  Date.from(now.plus(VALIDITY)),
                  subject,
                  pair.getPublic())
              .build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate()));
      TlsFolder.write(TlsFolder.certificate(directory, name), pem(certificate), false);
      TlsFolder.write(
          TlsFolder.key(directory, name),
          pem(new JcaPKCS8Generator(pair.getPrivate(), null)),
          true);
    } catch (GeneralSecurityException | OperatorCreationException e) {
      throw new IOException("cannot make a TLS key: " + e.getMessage(), e);
    }
  }

  private static byte[] pem(Object what) throws IOException {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      writer.writeObject(what);
    }
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /** The hash by which a certificate's key is pinned. */
  static Hash32 keyHash(X509Certificate certificate) {
    return Sha256.hash(certificate.getPublicKey().getEncoded());
  }
}
