package io.granary.app.node;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.contracts.deploy.Deployment;
import io.granary.contracts.keys.Keystores;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.grpc.TlsIdentity;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A miner's folder: {@code miner.json}, the operator's key, the TLS key, the deployment file, and
 * below them the node's own data.
 */
public final class MinerHome {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * {@code miner.json}.
   *
   * @param miner the owner's address, which the miner is known by
   * @param endpoint host:port that the registry tells
   * @param listen host:port that the node binds
   * @param capacityBytes bytes of disk offered
   * @param pricePerLeafPeriod token units for one 32-byte leaf and period
   * @param collateralPerLeaf token units locked for one leaf
   */
  public record Settings(
      String miner,
      String endpoint,
      String listen,
      long capacityBytes,
      long pricePerLeafPeriod,
      long collateralPerLeaf) {
    /** The miner's identity. */
    public Address id() {
      return Address.parse(miner);
    }

    /** The price as an amount. */
    public TokenAmount price() {
      return TokenAmount.of(pricePerLeafPeriod);
    }
  }

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

  /**
   * Makes the folder.
   *
   * @throws IOException when it is one already
   */
  public EthKey create(
      Settings settings, Deployment deployment, String password, Keystores.Strength strength)
      throws IOException {
    if (Files.exists(dir.resolve("miner.json"))) {
      throw new IOException(dir + " is a miner's folder already; choose another with --miner-home");
    }
    Files.createDirectories(dir);
    EthKey operator = EthKey.generate();
    Keystores.save(operator, password, dir.resolve("operator.json"), strength);
    deployment.save(dir.resolve("deployment.json"));
    TlsIdentity.loadOrCreate(dir);
    Files.write(
        dir.resolve("miner.json"),
        JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(settings));
    return operator;
  }

  /** The settings. */
  public Settings settings() throws IOException {
    Path file = dir.resolve("miner.json");
    if (!Files.isRegularFile(file)) {
      throw new IOException(dir + " is no miner's folder: make one with 'granary miner init'");
    }
    return JSON.readValue(file.toFile(), Settings.class);
  }

  /** The market. */
  public Deployment deployment() throws IOException {
    return Deployment.load(dir.resolve("deployment.json"));
  }

  /** The operator's key. */
  public EthKey operator(Optional<Path> passwordFile) throws IOException {
    return Keystores.load(dir.resolve("operator.json"), Passwords.read(dir, passwordFile, false));
  }

  /** The TLS key. */
  public TlsIdentity tls() throws IOException {
    return TlsIdentity.load(dir);
  }
}
