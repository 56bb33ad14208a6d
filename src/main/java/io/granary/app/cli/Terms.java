package io.granary.app.cli;

import io.granary.client.ClientConfig;
import io.granary.client.Redundancy;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of what a renter wants. */
final class Terms {
  @Option(
      names = "--shards",
      paramLabel = "K+M",
      description =
          "Cut the file into K shards and compute M more, each for another miner; any K give it back (default: 4+2).")
  @Nullable String shards;

  @Option(
      names = "--replicas",
      paramLabel = "N",
      description = "Instead of shards so many copies of the whole file, each with another miner.")
  @Nullable Integer replicas;

  @Option(
      names = "--public",
      description =
          "Do not encrypt: miners, and whoever asks them, can read the file (default: only this wallet can).")
  boolean open;

  @Option(
      names = "--periods",
      paramLabel = "N",
      description = "Proving periods to pay for (default: 30).")
  @Nullable Long periods;

  @Option(
      names = "--auditor",
      paramLabel = "ADDRESS",
      description = "Who receives the miners' per-deal proofs (default: yourself).")
  @Nullable String auditor;

  @Option(
      names = "--max-price",
      paramLabel = "UNITS",
      description = "Most token units for one 32-byte leaf and period (default: 10^18, one token).")
  @Nullable Long maxPrice;

  ClientConfig config(Path home) {
    ClientConfig d = ClientConfig.defaults(home);
    if (periods != null && periods < 1) {
      throw new IllegalArgumentException("--periods must be at least 1, not " + periods);
    }
    return new ClientConfig(
        home,
        redundancy(d.redundancy()),
        !open,
        periods == null ? d.periods() : periods,
        Optional.ofNullable(auditor).map(Address::parse),
        maxPrice == null ? d.maxPricePerLeafPeriod() : TokenAmount.of(maxPrice),
        d.stepTimeout(),
        d.poll());
  }

  private Redundancy redundancy(Redundancy usual) {
    if (shards != null && replicas != null) {
      throw new IllegalArgumentException(
          "--shards " + shards + " and --replicas " + replicas + ": say one of them");
    }
    if (replicas != null) {
      return Redundancy.replicas(replicas);
    }
    return shards == null ? usual : Redundancy.parse(shards);
  }
}
