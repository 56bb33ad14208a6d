package io.granary.app.cli;

import io.granary.client.ClientConfig;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of what a renter wants. */
final class Terms {
  @Option(
      names = "--replicas",
      paramLabel = "N",
      description = "Copies, each with another miner (default: 3).")
  @Nullable Integer replicas;

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
    if (replicas != null && replicas < 1) {
      throw new IllegalArgumentException("--replicas must be at least 1, not " + replicas);
    }
    if (periods != null && periods < 1) {
      throw new IllegalArgumentException("--periods must be at least 1, not " + periods);
    }
    return new ClientConfig(
        home,
        replicas == null ? d.replicas() : replicas,
        periods == null ? d.periods() : periods,
        Optional.ofNullable(auditor).map(Address::parse),
        maxPrice == null ? d.maxPricePerLeafPeriod() : TokenAmount.of(maxPrice),
        d.stepTimeout(),
        d.poll());
  }
}
