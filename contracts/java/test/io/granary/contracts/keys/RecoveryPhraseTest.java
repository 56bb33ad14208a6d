package io.granary.contracts.keys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.web3j.crypto.MnemonicUtils;

class RecoveryPhraseTest {
  private static final String JUNK = "test test test test test test test test test test test junk";

  private static String refused(String phrase) {
    return String.valueOf(
        assertThrows(IllegalArgumentException.class, () -> RecoveryPhrase.parse(phrase), phrase)
            .getMessage());
  }

  /** From the vectors that BIP-39 refers to; the passphrase of their seeds is "TREZOR". */
  @ParameterizedTest
  @CsvSource({
    "00000000000000000000000000000000,"
        + " abandon abandon abandon abandon abandon abandon abandon abandon abandon"
        + " abandon abandon about,"
        + " c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e5349553"
        + "1f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04",
    "9e885d952ad362caeb4efe34a8e91bd2,"
        + " ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic,"
        + " 274ddc525802f7c828d8ef7ddbcdc5304e87ac3535913611fbbfa986d0c9e547"
        + "6c91689f9c8a54fd55bd38606aa6a8595ad213d4c9c9f9aca3fb217069a41028",
    "6610b25967cdcca9d59875f5cb50b0ea75433311869e930b,"
        + " gravity machine north sort system female filter attitude volume fold club stay"
        + " feature office ecology stable narrow fog,"
        + " 628c3827a8823298ee685db84f55caa34b5cc195a778e52d45f59bcf75aba68e"
        + "4d7590e101dc414bc1bbd5737666fbbef35d1f1903953b66624f910feef245ac",
    "9f6a2878b2520799a44ef18bc7df394e7061a224d2c33cd015b157d746869863,"
        + " panda eyebrow bullet gorilla call smoke muffin taste mesh discover soft"
        + " ostrich alcohol speed nation flash devote level hobby quick inner drive ghost"
        + " inside,"
        + " 72be8e052fc4919d2adf28d5306b5474b0069df35b02303de8c1729c9538dbb6"
        + "fc2d731d5f832193cd9fb6aeecbc469594a70e3dd50811b5067f3b88b28c3e8d"
  })
  void words_and_seeds_are_the_published_ones(String entropy, String words, String seed) {
    RecoveryPhrase phrase = RecoveryPhrase.of(HexFormat.of().parseHex(entropy));
    assertEquals(words, String.join(" ", phrase.words()));
    assertEquals(phrase.words(), RecoveryPhrase.parse(words).words());
    assertEquals(seed, HexFormat.of().formatHex(MnemonicUtils.generateSeed(words, "TREZOR")));
  }

  /** The first is that of every development chain; other wallets give the others' as well. */
  @ParameterizedTest
  @CsvSource({
    JUNK + ", 0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about,"
        + " 0x9858effd232b4033e47d90003d41ec34ecaeda94",
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon"
        + " abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon"
        + " art, 0xf278cf59f82edcf871d630f28ecc8056f25c1cdb"
  })
  void the_key_is_that_of_any_ethereum_wallet(String words, String address) {
    assertEquals(address, RecoveryPhrase.parse(words).key().address().toString().toLowerCase());
  }

  @ParameterizedTest
  @ValueSource(ints = {12, 15, 18, 21, 24})
  void a_new_phrase_is_read_again(int count) {
    RecoveryPhrase phrase = RecoveryPhrase.generate(count);
    assertEquals(count, phrase.words().size());
    String text = "\n" + String.join(" \t", phrase.words()).toUpperCase() + "\r\n";
    assertEquals(phrase.key().address(), RecoveryPhrase.parse(text).key().address());
    assertNotEquals(phrase.words(), RecoveryPhrase.generate(count).words());
  }

  /** Of 2^11 last words those are right whose four or eight bits of checksum are. */
  @ParameterizedTest
  @CsvSource({"12, 128", "24, 8"})
  void the_checksum_counts(int count, int expected) {
    List<String> words = new ArrayList<>(RecoveryPhrase.generate(count).words());
    int right = 0;
    for (String last : MnemonicUtils.getWords()) {
      words.set(count - 1, last);
      try {
        RecoveryPhrase.parse(String.join(" ", words));
        right++;
      } catch (IllegalArgumentException e) {
        assertTrue(e.getMessage().contains("checksum"), e.getMessage());
      }
    }
    assertEquals(expected, right);
  }

  @Test
  void a_wrong_word_is_named_with_its_place_and_what_it_may_be() {
    assertEquals(
        "word 3 of the recovery phrase, 'tset', is not in the list of BIP-39; nearest are "
            + "test, asset, best",
        refused(JUNK.replaceFirst("test test test", "test test tset")));
    String message = refused(JUNK.replace("junk", "jnuk"));
    assertTrue(message.startsWith("word 12 of the recovery phrase, 'jnuk'"), message);
    assertTrue(message.contains("junk"), message);
    assertTrue(refused(JUNK.replace("junk", "1")).contains("'1'"));
  }

  @Test
  void other_numbers_of_words_are_named() {
    assertTrue(refused("").contains("not 0"));
    assertTrue(refused(JUNK + " junk").contains("not 13"));
    assertTrue(refused("zoo ".repeat(27)).contains("not 27"));
    for (int count : new int[] {-12, 0, 9, 13, 27}) {
      assertThrows(IllegalArgumentException.class, () -> RecoveryPhrase.generate(count));
    }
  }

  @Test
  void words_do_not_show() {
    assertEquals("RecoveryPhrase[12 words]", RecoveryPhrase.parse(JUNK).toString());
  }
}
