package io.granary.client;

import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Settings of a client.
 *
 * @param home folder of the file catalogue
 * @param redundancy how a file is spread over miners
 * @param encrypted false: files are stored for everyone's eyes
 * @param periods proving periods a deal lasts
 * @param auditor who receives the miners' per-deal proofs; empty: the client itself
 * @param maxPricePerLeafPeriod dearer miners are not asked
 * @param stepTimeout how long one miner may take from upload to active
 * @param poll how often the chain is asked; the first pause before a miner that does not answer is
 *     asked again, doubled each time
 */
public record ClientConfig(
    Path home,
    Redundancy redundancy,
    boolean encrypted,
    long periods,
    Optional<Address> auditor,
    TokenAmount maxPricePerLeafPeriod,
    Duration stepTimeout,
    Duration poll) {
  /** Defaults in one place. */
  public static ClientConfig defaults(Path home) {
    return new ClientConfig(
        home,
        Redundancy.DEFAULT,
        true,
        30,
        Optional.empty(),
        TokenAmount.parseTokens("1"),
        Duration.ofMinutes(30),
        Duration.ofMillis(200));
  }

  /** With other terms. */
  public ClientConfig with(
      Redundancy otherRedundancy, long otherPeriods, Optional<Address> otherAuditor) {
    return new ClientConfig(
        home,
        otherRedundancy,
        encrypted,
        otherPeriods,
        otherAuditor,
        maxPricePerLeafPeriod,
        stepTimeout,
        poll);
  }

  /** For everyone's eyes, or not. */
  public ClientConfig withEncrypted(boolean otherEncrypted) {
    return new ClientConfig(
        home,
        redundancy,
        otherEncrypted,
        periods,
        auditor,
        maxPricePerLeafPeriod,
        stepTimeout,
        poll);
  }
}
