package io.granary.contracts;

import io.granary.protocol.values.Address;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;

/** What a market's seed source makes its values of (Protocol §5.6). */
public enum SeedKind {
  /** The hash of the block. */
  BLOCK_HASH("blockhash"),
  /** The beacon chain's randomness, out of the header of a later block. */
  RANDAO("randao");

  private final String label;

  SeedKind(String label) {
    this.label = label;
  }

  /** Its name in the contract and on the command line. */
  public String label() {
    return label;
  }

  /**
   * By name.
   *
   * @throws IllegalArgumentException when there is none of that name
   */
  public static SeedKind parse(String label) {
    return Arrays.stream(values())
        .filter(k -> k.label.equals(label))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "'"
                        + label
                        + "' is no seed source: choose "
                        + Arrays.stream(values())
                            .map(SeedKind::label)
                            .collect(Collectors.joining(" or "))));
  }

  /** As a contract says it: ASCII padded with zeros. */
  static SeedKind said(Address source, byte[] name) {
    String label = new String(name, StandardCharsets.US_ASCII).replace("\0", "");
    try {
      return parse(label);
    } catch (IllegalArgumentException unknown) {
      throw new IllegalArgumentException(
          "the market's seed source "
              + source
              + " is of the kind '"
              + label
              + "', which this version of the software does not know: use the one that deployed it",
          unknown);
    }
  }
}
