package io.granary.client;

import io.granary.client.store.StoredFile;
import io.granary.client.vault.BrokenSealException;
import io.granary.client.vault.FileCipher;
import io.granary.client.vault.FileKey;
import io.granary.client.vault.WrappingKey;
import io.granary.protocol.crypto.EthKey;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;

/** The keys of a wallet's files. */
final class Vault {
  private static final int ID_BYTES = 16;

  private final WrappingKey wallet;
  private final SecureRandom random = new SecureRandom();

  Vault(EthKey wallet) {
    this.wallet = WrappingKey.of(wallet);
  }

  /** A key for a new file, wrapped. */
  StoredFile.Encryption fresh() {
    byte[] id = new byte[ID_BYTES];
    random.nextBytes(id);
    return new StoredFile.Encryption(
        HexFormat.of().formatHex(id),
        Base64.getEncoder().encodeToString(FileKey.generate().wrap(wallet, id)));
  }

  /**
   * Encrypts or decrypts a file.
   *
   * @throws ClientException when its key is another wallet's, or damaged
   */
  FileCipher cipher(String name, StoredFile.Encryption encryption) {
    try {
      byte[] id = HexFormat.of().parseHex(encryption.id());
      byte[] wrapped = Base64.getDecoder().decode(encryption.key());
      return new FileCipher(FileKey.unwrap(wallet, id, wrapped), id);
    } catch (BrokenSealException | IllegalArgumentException e) {
      throw new ClientException(
          ClientException.Code.BAD_KEY,
          "the key of '" + name + "' in files.json does not open: " + e.getMessage(),
          e);
    }
  }
}
