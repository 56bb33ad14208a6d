package io.granary.app.node;

import io.granary.contracts.SeedKind;
import io.granary.contracts.deploy.Deployment;
import io.granary.contracts.deploy.MarketDeployer;
import io.granary.contracts.deploy.MarketParameters;
import io.granary.contracts.devnet.Anvil;
import io.granary.miner.Tuning;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Local networks: a chain with a market on it. */
public final class Devnets {
  private Devnets() {}

  /** The project's folder, where npm has put the chain. */
  public static Path root() {
    String root = System.getProperty("granary.root");
    return root == null ? Path.of("").toAbsolutePath() : Path.of(root);
  }

  /** A running local network. */
  public record Devnet(Anvil chain, Deployment deployment) {}

  /** Starts a chain and deploys a market with the parameters of local networks. */
  public static Devnet start(Path dir, int port, Duration blockTime) throws IOException {
    Files.createDirectories(dir);
    Anvil chain =
        Anvil.start(
            Anvil.binary(root()),
            port,
            new Anvil.Mining.Every(blockTime),
            dir.resolve("chain.log"));
    try (MarketDeployer deployer =
        new MarketDeployer(chain.endpoint(), Anvil.richKey(), Duration.ofMillis(100))) {
      Deployment deployment =
          deployer.deploy(MarketParameters.devnet(), SeedKind.BLOCK_HASH, Optional.empty());
      deployment.save(dir.resolve("deployment.json"));
      return new Devnet(chain, deployment);
    } catch (IOException | RuntimeException e) {
      chain.close();
      throw e;
    }
  }

  /** A miner's intervals for a chain that makes several blocks a second. */
  static Tuning tuning(Tuning t) {
    return new Tuning(
        Duration.ofMillis(100),
        Duration.ofSeconds(2),
        2,
        t.keepProofPeriods(),
        t.minFreeDiskBytes(),
        t.lowGasWei(),
        1,
        t.publishRoomBlocks(),
        t.maxPendingDeals(),
        t.maxUploads(),
        t.maxIdleBlocks());
  }
}
