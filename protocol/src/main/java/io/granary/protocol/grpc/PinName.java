package io.granary.protocol.grpc;

import io.granary.proofs.Hash32;
import java.util.Locale;
import java.util.Optional;

/**
 * The server name by which a client says which key it will pin (Protocol §8.1): the hash in two
 * labels, because a label has at most 63 characters, below a name that no DNS ever knows (RFC
 * 6761). A node that changes its key has two for a while and shows each client the one it asks for.
 */
final class PinName {
  private static final String SUFFIX = ".granary.invalid";
  private static final int HALF = Hash32.BYTES;

  private PinName() {}

  /** The name of a key. */
  static String of(Hash32 tlsKeyHash) {
    String hex = tlsKeyHash.toHex();
    return hex.substring(0, HALF) + "." + hex.substring(HALF) + SUFFIX;
  }

  /** The key that a name stands for; empty when it is another kind of name. */
  static Optional<Hash32> parse(String name) {
    String text = name.toLowerCase(Locale.ROOT);
    if (!text.matches("[0-9a-f]{32}\\.[0-9a-f]{32}" + SUFFIX.replace(".", "\\."))) {
      return Optional.empty();
    }
    return Optional.of(
        Hash32.fromHex(text.substring(0, HALF) + text.substring(HALF + 1, 2 * HALF + 1)));
  }
}
