package io.granary.miner;

import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Optional;

/**
 * What shows an operator and its tools how the node is.
 *
 * @param listen where metrics and health are served over HTTP; without, they are not
 * @param webhook where alerts are posted as JSON; without, they are only logged
 */
public record OpsConfig(Optional<InetSocketAddress> listen, Optional<URI> webhook) {
  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException when the webhook is not an http or https URL
   */
  public OpsConfig {
    webhook.ifPresent(
        url -> {
          if (url.getHost() == null
              || !("http".equals(url.getScheme()) || "https".equals(url.getScheme()))) {
            throw new IllegalArgumentException(
                "alerts go to an http or https URL, not to '"
                    + url
                    + "'; give for example https://alerts.example.org/granary");
          }
        });
  }

  /** Neither. */
  public static OpsConfig none() {
    return new OpsConfig(Optional.empty(), Optional.empty());
  }
}
