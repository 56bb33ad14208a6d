package io.granary.contracts.rpc;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * JSON-RPC endpoints of one chain, the preferred one first. URLs may hold keys: what is shown of
 * them is {@link #names()}.
 *
 * @param uris at least one, http or https, each once
 * @param patience how long to wait for what
 */
public record RpcEndpoints(List<URI> uris, Patience patience) {
  /**
   * How long to wait for what, where there are several endpoints.
   *
   * @param answer for an answer that another endpoint could give
   * @param look for a head, a nonce or a block's hash, which all are asked for at the same time
   * @param backOff after the first failure; it doubles with each, up to 64 times
   * @param out how long an endpoint may fail or stand until it has no vote any more
   */
  public record Patience(Duration answer, Duration look, Duration backOff, Duration out) {
    /** For public networks, which make a block in 12 s. */
    public static final Patience DEFAULT =
        new Patience(
            Duration.ofSeconds(10),
            Duration.ofSeconds(2),
            Duration.ofSeconds(1),
            Duration.ofSeconds(30));
  }

  /** Checks them. */
  public RpcEndpoints {
    uris = List.copyOf(uris);
    if (uris.isEmpty()) {
      throw new IllegalArgumentException(
          "no endpoint is named: give the URL of a JSON-RPC endpoint, several with commas between");
    }
    Set<URI> seen = new HashSet<>();
    for (URI uri : uris) {
      String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
      if (uri.getHost() == null || !(scheme.equals("http") || scheme.equals("https"))) {
        throw new IllegalArgumentException(
            "endpoint "
                + (uris.indexOf(uri) + 1)
                + " ("
                + (uri.getHost() == null ? "without a host" : name(uri))
                + ") cannot be used: give http://HOST:PORT or https://HOST");
      }
      if (!seen.add(uri)) {
        throw new IllegalArgumentException(
            name(uri) + " is named twice and would have two votes: name each endpoint once");
      }
    }
  }

  /** One. */
  public static RpcEndpoints of(URI uri) {
    return new RpcEndpoints(List.of(uri), Patience.DEFAULT);
  }

  /**
   * URLs with commas between them.
   *
   * @throws IllegalArgumentException when one cannot be used; it is told by its place
   */
  public static RpcEndpoints parse(String text) {
    List<String> parts = Arrays.stream(text.split(",", -1)).map(String::strip).toList();
    List<URI> uris = new ArrayList<>();
    for (String part : parts) {
      try {
        uris.add(URI.create(part));
      } catch (IllegalArgumentException e) {
        // Its message has the text, in which a key may be.
        throw new IllegalArgumentException(
            "endpoint "
                + (uris.size() + 1)
                + " of "
                + parts.size()
                + " is no URL: give http://HOST:PORT or https://HOST, several with commas between");
      }
    }
    return new RpcEndpoints(uris, Patience.DEFAULT);
  }

  /** The same with another patience. */
  public RpcEndpoints with(Patience other) {
    return new RpcEndpoints(uris, other);
  }

  /** What is shown: scheme, host and port, numbered where that is the same. */
  public List<String> names() {
    List<String> names = new ArrayList<>();
    for (URI uri : uris) {
      String name = name(uri);
      long same = uris.subList(0, names.size()).stream().filter(u -> name(u).equals(name)).count();
      names.add(same == 0 ? name : name + "#" + (same + 1));
    }
    return names;
  }

  private static String name(URI uri) {
    return uri.getScheme() + "://" + uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort());
  }

  /** The names, never the URLs. */
  @Override
  public String toString() {
    return String.join(", ", names());
  }
}
