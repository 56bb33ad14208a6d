package io.granary.protocol.values;

import io.granary.proofs.Hash32;

/**
 * A deal's id, the EIP-712 digest of its proposal (Protocol §3.1).
 *
 * @param hash 32 bytes
 */
public record DealId(Hash32 hash) {
  /**
   * Parses 64 hex digits with or without {@code 0x}.
   *
   * @throws IllegalArgumentException naming the text when it is no such id
   */
  public static DealId parse(String text) {
    return new DealId(Hash32.fromHex(text));
  }

  /** Hex with {@code 0x}. */
  @Override
  public String toString() {
    return "0x" + hash.toHex();
  }
}
