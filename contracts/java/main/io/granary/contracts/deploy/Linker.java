package io.granary.contracts.deploy;

import io.granary.protocol.values.Address;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;

/**
 * Puts the addresses of libraries into the bytecode that calls them: {@code <Contract>.links}
 * beside the ABI says which placeholder stands for which library.
 */
final class Linker {
  private static final int ADDRESS_DIGITS = 40;

  private record Link(String placeholder, String library) {}

  private Linker() {}

  /**
   * Links a contract.
   *
   * @param deploy creates a library from its bytecode and returns where it is; asked once for each
   */
  static String link(String contract, String binary, Function<String, Address> deploy) {
    String linked = binary;
    for (Link link : links(contract)) {
      if (!linked.contains(link.placeholder())) {
        throw new IllegalStateException(
            contract + ".links and the bytecode of " + contract + " are not of one build");
      }
      Address library = deploy.apply(resource(link.library() + ".bin"));
      linked = linked.replace(link.placeholder(), digits(library));
    }
    if (linked.contains("_")) {
      throw new IllegalStateException(contract + ".links does not name all of its libraries");
    }
    return linked;
  }

  private static String digits(Address address) {
    String text = address.toString();
    return text.substring(text.length() - ADDRESS_DIGITS);
  }

  private static List<Link> links(String contract) {
    return resource(contract + ".links")
        .lines()
        .map(line -> line.split(" ", 2))
        .map(parts -> new Link(parts[0], parts[1]))
        .toList();
  }

  private static String resource(String name) {
    try (InputStream in = Linker.class.getResourceAsStream("/io/granary/contracts/abi/" + name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is not on the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
