package io.granary.auditor;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Settings of an auditor.
 *
 * @param home folder of its store and {@code status.json}
 * @param listen where its gRPC service listens
 * @param poll how often it looks for periods that closed without a proof
 * @param terminate true to end defaulted deals that name it, for the tip
 * @param dispute true to dispute wrong seals on chain by itself, which costs gas and earns nothing
 */
public record AuditorConfig(
    Path home, InetSocketAddress listen, Duration poll, boolean terminate, boolean dispute) {
  /** Default port of an auditor. */
  public static final int DEFAULT_PORT = 7430;

  /** Defaults in one place. */
  public static AuditorConfig defaults(Path home) {
    return new AuditorConfig(
        home, new InetSocketAddress("127.0.0.1", DEFAULT_PORT), Duration.ofSeconds(2), true, false);
  }
}
