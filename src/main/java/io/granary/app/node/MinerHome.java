package io.granary.app.node;

import io.granary.contracts.deploy.Deployment;
import io.granary.contracts.keys.Keystores;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.grpc.TlsFolder;
import io.granary.protocol.grpc.TlsIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/**
 * A miner's folder: {@code miner.json}, the operator's key, the TLS key, the deployment file, and
 * below them the node's own data.
 */
public final class MinerHome {
  static final String SETTINGS = "miner.json";
  static final String OPERATOR = "operator.json";
  static final String NEXT_OPERATOR = "operator-next.json";
  static final String OLD_OPERATOR = "operator-old.json";

  private final Path dir;

  /** A folder, which need not exist yet. */
  public MinerHome(Path dir) {
    this.dir = dir;
  }

  /** The folder. */
  public Path dir() {
    return dir;
  }

  /** Where the node says how it is. */
  public Path statusFile() {
    return dir.resolve("status.json");
  }

  /** Its deals, written by the node when something of them changes. */
  public Path dealsFile() {
    return dir.resolve("deals.json");
  }

  /**
   * Makes the folder, or takes up that of an earlier try for the same owner, whose keys stay: the
   * settings may be others.
   *
   * @throws IOException when it is another miner's, or the password is not that of its key
   */
  public EthKey create(
      MinerSettings settings, Deployment deployment, String password, Keystores.Strength strength)
      throws IOException {
    if (Files.exists(dir.resolve(SETTINGS)) && !settings().miner().equals(settings.miner())) {
      throw new IOException(
          dir
              + " is the folder of miner "
              + settings().miner()
              + "; choose another with --miner-home");
    }
    Files.createDirectories(dir);
    EthKey operator = key(OPERATOR, password, strength);
    deployment.save(dir.resolve("deployment.json"));
    TlsIdentity.loadOrCreate(dir);
    save(settings);
    return operator;
  }

  private EthKey key(String name, String password, Keystores.Strength strength) throws IOException {
    Path file = dir.resolve(name);
    if (Files.exists(file)) {
      return Keystores.load(file, password);
    }
    EthKey key = EthKey.generate();
    Keystores.save(key, password, file, strength);
    return key;
  }

  /** Replaces the settings, as a whole. */
  public void save(MinerSettings settings) throws IOException {
    settings.save(dir.resolve(SETTINGS));
  }

  /**
   * The key that becomes the operator's: made, or that of a try that was cut off.
   *
   * @throws IOException when it cannot be written, or the password is not that of the earlier try
   */
  public EthKey nextOperator(String password, Keystores.Strength strength) throws IOException {
    settings();
    return key(NEXT_OPERATOR, password, strength);
  }

  /** Puts {@link #nextOperator} in the operator's place; the old key stays beside it. */
  public void takeNextOperator() throws IOException {
    Files.move(
        dir.resolve(OPERATOR), dir.resolve(OLD_OPERATOR), StandardCopyOption.REPLACE_EXISTING);
    Files.move(dir.resolve(NEXT_OPERATOR), dir.resolve(OPERATOR), StandardCopyOption.ATOMIC_MOVE);
  }

  /** True when somebody has made this folder a miner's. */
  public boolean hasSettings() {
    return Files.isRegularFile(dir.resolve(SETTINGS));
  }

  /**
   * The settings.
   *
   * @throws IOException when the folder is no miner's, or naming the key that is wrong
   */
  public MinerSettings settings() throws IOException {
    if (!hasSettings()) {
      throw new IOException(dir + " is no miner's folder: make one with 'granary miner init'");
    }
    return MinerSettings.load(dir.resolve(SETTINGS));
  }

  /** The market. */
  public Deployment deployment() throws IOException {
    return Deployment.load(dir.resolve("deployment.json"));
  }

  /** The operator's key. */
  public EthKey operator(Optional<Path> passwordFile) throws IOException {
    return Keystores.load(dir.resolve(OPERATOR), Passwords.read(dir, passwordFile, false));
  }

  /** The TLS key. */
  public TlsIdentity tls() throws IOException {
    return TlsIdentity.load(dir);
  }

  /** The same, with one that is to replace it and the one before, while there are such. */
  public TlsFolder tlsKeys() {
    return new TlsFolder(dir);
  }
}
