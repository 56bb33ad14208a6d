package io.granary.protocol.crypto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.protocol.values.Address;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Keys and hashes against answers that are published, and signatures against malleation. */
class KeysTest {
  private static EthKey key(String hex) {
    return EthKey.of(HexFormat.of().parseHex(hex));
  }

  @Example
  void hashes_are_the_published_ones() {
    assertEquals(
        Hash32.fromHex("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        Keccak.hash());
    assertEquals(
        Hash32.fromHex("4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        Keccak.hash("a".getBytes(StandardCharsets.UTF_8), "bc".getBytes(StandardCharsets.UTF_8)));
  }

  @Example
  void addresses_are_the_published_ones() {
    assertEquals(
        Address.parse("0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"),
        key("00".repeat(31) + "01").address());
    // The first account of every development chain.
    assertEquals(
        Address.parse("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"),
        key("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80").address());
  }

  @Property(tries = 100)
  void a_signature_recovers_to_its_key_and_no_changed_one_does(
      @ForAll @Size(32) byte[] digest, @ForAll @IntRange(max = 65 * 8 - 1) int flip) {
    EthKey key = EthKey.of(Sha256.hash(digest).bytes());
    Hash32 hash = Hash32.of(digest);
    Signature signature = key.sign(hash);
    assertEquals(signature, key.sign(hash), "deterministic");
    assertEquals(Optional.of(key.address()), Signatures.recover(hash, signature));
    byte[] changed = signature.bytes();
    changed[flip / 8] ^= (byte) (1 << (flip % 8));
    assertNotEquals(Optional.of(key.address()), Signatures.recover(hash, Signature.of(changed)));
  }

  @Property(tries = 50)
  void the_mirrored_signature_with_a_high_s_recovers_to_nobody(@ForAll @Size(32) byte[] digest) {
    EthKey key = EthKey.of(Sha256.hash(digest).bytes());
    byte[] bytes = key.sign(Hash32.of(digest)).bytes();
    BigInteger s = new BigInteger(1, Arrays.copyOfRange(bytes, 32, 64));
    System.arraycopy(EthKey.to32(EthKey.CURVE.getN().subtract(s)), 0, bytes, 32, 32);
    bytes[64] = (byte) (27 + 28 - bytes[64]);
    assertEquals(Optional.empty(), Signatures.recover(Hash32.of(digest), Signature.of(bytes)));
  }

  @Property
  void arbitrary_bytes_recover_to_somebody_or_nobody_but_never_fail(
      @ForAll @Size(32) byte[] digest, @ForAll @Size(65) byte[] signature) {
    assertNotEquals(
        Optional.of(Address.ZERO), Signatures.recover(Hash32.of(digest), Signature.of(signature)));
  }

  @Example
  void derivation_is_hkdf_of_all_32_bytes_of_the_secret() {
    // From HMAC-SHA256 of another library, put together as RFC 5869 says.
    assertEquals(
        "f5cc4fdaab43bd6f95d046cd60f109124ec8aebf1154d0d86134e39ddda75d23",
        HexFormat.of()
            .formatHex(
                key("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
                    .derive("file keys")));
    EthKey one = key("00".repeat(31) + "01");
    assertEquals(
        "34081f09be7901763c846b323e41ff9dc8e9e5b88a4cfffd99e79ef8897eee30",
        HexFormat.of().formatHex(one.derive("file keys")));
    assertNotEquals(
        HexFormat.of().formatHex(one.derive("file keys")),
        HexFormat.of().formatHex(one.derive("other keys")));
  }

  @Example
  void keys_out_of_range_are_refused_and_secrets_do_not_show() {
    assertThrows(IllegalArgumentException.class, () -> key("00".repeat(32)));
    assertThrows(
        IllegalArgumentException.class,
        () -> key("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"));
    assertThrows(IllegalArgumentException.class, () -> EthKey.of(new byte[31]));
    assertThrows(IllegalArgumentException.class, () -> Signature.of(new byte[64]));
    EthKey key = EthKey.generate();
    assertFalse(key.toString().contains(HexFormat.of().formatHex(key.secretBytes())));
  }
}
