package io.granary.client.vault;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.protocol.crypto.EthKey;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class FileKeyTest {
  private static final byte[] ID = HexFormat.of().parseHex("00112233445566778899aabbccddeeff");

  private final EthKey wallet = EthKey.generate();
  private final WrappingKey wrapping = WrappingKey.of(wallet);
  private final FileKey key = FileKey.generate();

  private static void refused(WrappingKey wrapping, byte[] id, byte[] wrapped, String... parts) {
    BrokenSealException e =
        assertThrows(BrokenSealException.class, () -> FileKey.unwrap(wrapping, id, wrapped));
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> part + " is not in: " + e.getMessage());
    }
  }

  @Test
  void a_key_comes_back_with_the_wallet_and_the_file() throws BrokenSealException {
    for (int idBytes : new int[] {16, 32}) {
      byte[] id = Arrays.copyOf(ID, idBytes);
      byte[] wrapped = key.wrap(wrapping, id);
      assertEquals(FileKey.WRAPPED_BYTES, wrapped.length);
      WrappingKey again = WrappingKey.of(EthKey.of(wallet.secretBytes()));
      assertArrayEquals(key.secret(), FileKey.unwrap(again, id, wrapped).secret());
    }
  }

  @Test
  void keys_and_wrappings_are_never_the_same() {
    assertEquals(32, key.secret().length);
    assertFalse(Arrays.equals(key.secret(), FileKey.generate().secret()));
    assertFalse(Arrays.equals(key.wrap(wrapping, ID), key.wrap(wrapping, ID)));
  }

  @Test
  void nobody_else_opens_it() {
    byte[] wrapped = key.wrap(wrapping, ID);
    String file = HexFormat.of().formatHex(ID);
    refused(WrappingKey.of(EthKey.generate()), ID, wrapped, file, "use that wallet");
    byte[] other = ID.clone();
    other[15] ^= 1;
    refused(wrapping, other, wrapped, "does not open");
    refused(wrapping, Arrays.copyOf(ID, 32), wrapped, "does not open");
  }

  @Test
  void cut_or_changed_bytes_are_refused() {
    byte[] wrapped = key.wrap(wrapping, ID);
    for (int length = 0; length < wrapped.length; length++) {
      refused(wrapping, ID, Arrays.copyOf(wrapped, length), length + " bytes", "backup");
    }
    refused(wrapping, ID, Arrays.copyOf(wrapped, wrapped.length + 1), "62 bytes", "backup");
    for (int bit = 8; bit < 8 * wrapped.length; bit++) {
      byte[] changed = wrapped.clone();
      changed[bit / 8] ^= (byte) (1 << bit % 8);
      refused(wrapping, ID, changed, "does not open", "backup");
    }
  }

  @Test
  void a_later_format_is_named() {
    byte[] wrapped = key.wrap(wrapping, ID);
    wrapped[0] = (byte) 200;
    refused(wrapping, ID, wrapped, "format 200", "knows 1", "newer");
  }

  @Test
  void ids_of_other_lengths_are_refused() {
    for (int length : new int[] {0, 15, 17, 31, 33}) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> key.wrap(wrapping, new byte[length]));
      assertTrue(e.getMessage().contains("not " + length), e.getMessage());
    }
  }

  @Test
  void nothing_of_a_key_shows() {
    assertEquals("FileKey", key.toString());
    assertEquals("WrappingKey", wrapping.toString());
  }
}
