package io.granary.protocol.grpc;

import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.PEMParser;
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

  private static final String KEY = "tls-key.pem";
  private static final String CERTIFICATE = "tls-cert.pem";

  /**
   * Loads {@code tls-key.pem} and {@code tls-cert.pem} of a folder, or makes them.
   *
   * @throws IOException when they cannot be read or written
   */
  public static TlsIdentity loadOrCreate(Path directory) throws IOException {
    Path key = directory.resolve(KEY);
    Path certificate = directory.resolve(CERTIFICATE);
    if (!Files.exists(key) && !Files.exists(certificate)) {
      Files.createDirectories(directory);
      create(key, certificate);
    }
    return load(directory);
  }

  /**
   * Loads {@code tls-key.pem} and {@code tls-cert.pem} of a folder. A node that runs never makes
   * new ones: peers would refuse it, for the registry tells them the old key.
   *
   * @throws IOException when one is missing or cannot be read
   */
  public static TlsIdentity load(Path directory) throws IOException {
    Path key = directory.resolve(KEY);
    Path certificate = directory.resolve(CERTIFICATE);
    for (Path file : new Path[] {key, certificate}) {
      if (!Files.isRegularFile(file)) {
        throw new IOException(
            file
                + " is missing, and the registry tells peers the key it belongs to: restore it from a backup");
      }
    }
    try (Reader reader = Files.newBufferedReader(certificate);
        PEMParser parser = new PEMParser(reader)) {
      if (parser.readObject() instanceof X509CertificateHolder holder) {
        return new TlsIdentity(
            key, certificate, Sha256.hash(holder.getSubjectPublicKeyInfo().getEncoded()));
      }
      throw new IOException(
          certificate + " holds no certificate; remove it and " + key + " to have new ones made");
    }
  }

  private static void create(Path keyFile, Path certificateFile) throws IOException {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      KeyPair pair = generator.generateKeyPair();
      X500Name name = new X500Name("CN=granary");
      Instant now = Instant.now();
      X509CertificateHolder certificate =
          new JcaX509v3CertificateBuilder(
                  name,
                  new BigInteger(120, new SecureRandom()).add(BigInteger.ONE),
                  Date.from(now.minus(Duration.ofDays(1))),
                  Date.from(now.plus(VALIDITY)),
                  name,
                  pair.getPublic())
              .build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate()));
      write(keyFile, new JcaPKCS8Generator(pair.getPrivate(), null), "rw-------");
      write(certificateFile, certificate, "rw-r--r--");
    } catch (GeneralSecurityException | OperatorCreationException e) {
      throw new IOException("cannot make a TLS key: " + e.getMessage(), e);
    }
  }

  private static void write(Path file, Object pem, String permissions) throws IOException {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      writer.writeObject(pem);
    }
    Files.deleteIfExists(file);
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions)));
    Files.writeString(file, text.toString());
  }

  /** The hash by which a certificate's key is pinned. */
  static Hash32 keyHash(X509Certificate certificate) {
    return Sha256.hash(certificate.getPublicKey().getEncoded());
  }
}
