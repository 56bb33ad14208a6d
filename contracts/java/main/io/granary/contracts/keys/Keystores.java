package io.granary.contracts.keys;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.protocol.crypto.EthKey;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.web3j.crypto.Credentials;
import org.web3j.crypto.ECKeyPair;
import org.web3j.crypto.Wallet;
import org.web3j.crypto.WalletFile;
import org.web3j.crypto.exception.CipherException;
import org.web3j.utils.Numeric;

/**
 * Encrypted key files in the Web3 Secret Storage format (version 3), as wallets and nodes use it.
 */
public final class Keystores {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Keystores() {}

  /** How hard a file is to guess; light ones are for development networks. */
  public enum Strength {
    /** scrypt n = 2^18: about a second and 256 MiB to open. */
    STANDARD,
    /** scrypt n = 2^12. */
    LIGHT
  }

  /**
   * Writes a key file, readable by its owner only.
   *
   * @throws IOException when the file exists or cannot be written
   */
  public static void save(EthKey key, String password, Path file, Strength strength)
      throws IOException {
    try {
      ECKeyPair pair = ECKeyPair.create(key.secretBytes());
      WalletFile wallet =
          strength == Strength.STANDARD
              ? Wallet.createStandard(password, pair)
              : Wallet.createLight(password, pair);
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.write(file, JSON.writeValueAsBytes(wallet));
    } catch (FileAlreadyExistsException e) {
      throw new IOException(
          file + " exists already; choose another file, a key is never overwritten", e);
    } catch (CipherException e) {
      throw new IOException("cannot encrypt a key: " + e.getMessage(), e);
    }
  }

  /**
   * Opens a key file.
   *
   * @throws IOException when it is missing, malformed or the password is wrong
   */
  public static EthKey load(Path file, String password) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException("no key file at " + file + ": make one with 'granary wallet new'");
    }
    try {
      WalletFile wallet = JSON.readValue(Files.readAllBytes(file), WalletFile.class);
      Credentials credentials = Credentials.create(Wallet.decrypt(password, wallet));
      return EthKey.of(Numeric.toBytesPadded(credentials.getEcKeyPair().getPrivateKey(), 32));
    } catch (CipherException e) {
      throw new IOException("the password does not open " + file + " (" + e.getMessage() + ")", e);
    }
  }
}
