package io.granary.contracts.deploy;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Creation code of contracts that have no binding, from {@code contracts/abi}. */
final class Bytecode {
  private Bytecode() {}

  /** Hex without a prefix. */
  static String of(String contract) {
    String name = contract + ".bin";
    try (InputStream in = Bytecode.class.getResourceAsStream("/io/granary/contracts/abi/" + name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is not on the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
