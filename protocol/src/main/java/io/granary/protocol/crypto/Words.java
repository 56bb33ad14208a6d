package io.granary.protocol.crypto;

import io.granary.proofs.Hash32;
import io.granary.protocol.values.Address;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;

/** Builds the Solidity ABI encoding of static values: one 32-byte word each. */
final class Words {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  Words add(Hash32 value) {
    out.writeBytes(value.bytes());
    return this;
  }

  Words add(Address value) {
    out.writeBytes(new byte[12]);
    out.writeBytes(value.bytes());
    return this;
  }

  Words add(long value) {
    return add(BigInteger.valueOf(value));
  }

  /** uintN; a negative number has no such encoding, and must not pass for another one. */
  Words add(BigInteger value) {
    if (value.signum() < 0 || value.bitLength() > 256) {
      throw new IllegalArgumentException("no uint256: " + value);
    }
    byte[] bytes = value.toByteArray();
    int skip = bytes.length > 32 ? bytes.length - 32 : 0;
    out.writeBytes(new byte[32 - (bytes.length - skip)]);
    out.write(bytes, skip, bytes.length - skip);
    return this;
  }

  /** bytesN: left-aligned. */
  Words addLeft(byte[] value) {
    out.writeBytes(value);
    out.writeBytes(new byte[32 - value.length]);
    return this;
  }

  Hash32 keccak() {
    return Keccak.hash(out.toByteArray());
  }
}
