package io.granary.app.node;

import java.net.InetSocketAddress;

/** Parses host:port. */
public final class Endpoints {
  private Endpoints() {}

  /**
   * An address to bind.
   *
   * @throws IllegalArgumentException naming the text when it is none
   */
  public static InetSocketAddress parse(String text) {
    int colon = text.lastIndexOf(':');
    try {
      int port = Integer.parseInt(text.substring(colon + 1));
      if (colon > 0 && port >= 0 && port <= 65_535) {
        return new InetSocketAddress(text.substring(0, colon), port);
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "not host:port: '" + text + "'; give for example 127.0.0.1:7420", e);
    }
    throw new IllegalArgumentException(
        "not host:port: '" + text + "'; give for example 127.0.0.1:7420");
  }
}
