package io.granary.protocol.values;

import io.granary.proofs.Hash32;

/**
 * A transaction's hash.
 *
 * @param hash 32 bytes
 */
public record TxHash(Hash32 hash) {
  /**
   * Parses 64 hex digits with or without {@code 0x}.
   *
   * @throws IllegalArgumentException naming the text when it is no such id
   */
  public static TxHash parse(String text) {
    return new TxHash(Hash32.fromHex(text));
  }

  /** Hex with {@code 0x}. */
  @Override
  public String toString() {
    return "0x" + hash.toHex();
  }
}
