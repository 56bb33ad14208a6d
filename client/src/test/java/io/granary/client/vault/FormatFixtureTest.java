package io.granary.client.vault;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.protocol.crypto.EthKey;
import java.io.IOException;
import java.io.InputStream;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Properties;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Bytes that were sealed once open for ever. */
class FormatFixtureTest {
  private static final Properties FIXTURE = new Properties();

  @BeforeAll
  static void load() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(
            FormatFixtureTest.class.getResourceAsStream("format-1.properties"))) {
      FIXTURE.load(in);
    }
  }

  private static byte[] fixed(String name) {
    return HexFormat.of().parseHex(FIXTURE.getProperty(name));
  }

  private static FileCipher cipher() {
    return new FileCipher(new FileKey(fixed("fileKey")), fixed("fileId"));
  }

  @Test
  void the_wallet_opens_the_key_of_the_file() throws IOException {
    WrappingKey wallet = WrappingKey.of(EthKey.of(fixed("wallet")));
    FileKey key = FileKey.unwrap(wallet, fixed("fileId"), fixed("wrappedKey"));
    assertArrayEquals(fixed("fileKey"), key.secret());
  }

  @Test
  void the_key_opens_the_file() throws IOException {
    byte[] plain = fixed("plain");
    byte[] padded = Arrays.copyOf(plain, (int) SizeClass.padded(plain.length));
    assertArrayEquals(padded, InMemory.open(cipher(), fixed("sealed")));
  }

  @Test
  void several_segments_are_what_they_were() throws IOException, GeneralSecurityException {
    byte[] plain = new byte[2_500_000];
    for (int i = 0; i < plain.length; i++) {
      plain[i] = (byte) (i * i + i / 251);
    }
    byte[] sealed =
        SegmentFormat.seal(
            fixed("fileKey"),
            SegmentFormat.associatedData("granary/v1/file", fixed("fileId")),
            fixed("salt"),
            fixed("noncePrefix"),
            plain);
    assertEquals(Hash32.of(fixed("largeSealedSha256")), Sha256.hash(sealed));
    assertArrayEquals(plain, InMemory.open(cipher(), sealed));
  }
}
