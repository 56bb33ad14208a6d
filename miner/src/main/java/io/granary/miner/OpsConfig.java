package io.granary.miner;

import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Optional;

/**
 * What shows an operator and its tools how the node is.
 *
 * @param listen where metrics and health are served over HTTP; without, they are not
 * @param webhook where alerts are posted as JSON; without, they are only logged
 * @param traces where a collector takes traces, OTLP over HTTP; without, there are none
 */
public record OpsConfig(
    Optional<InetSocketAddress> listen, Optional<URI> webhook, Optional<URI> traces) {
  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException when the webhook or the collector is not at an http or https
   *     URL
   */
  public OpsConfig {
    webhook.ifPresent(url -> requireHttp("alerts", url, "https://alerts.example.org/granary"));
    traces.ifPresent(url -> requireHttp("traces", url, "http://127.0.0.1:4318/v1/traces"));
  }

  private static void requireHttp(String what, URI url, String example) {
    if (url.getHost() == null
        || !("http".equals(url.getScheme()) || "https".equals(url.getScheme()))) {
      throw new IllegalArgumentException(
          what + " go to an http or https URL, not to '" + url + "'; give for example " + example);
    }
  }

  /** None. */
  public static OpsConfig none() {
    return new OpsConfig(Optional.empty(), Optional.empty(), Optional.empty());
  }
}
