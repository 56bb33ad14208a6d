package io.granary.miner.storage.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.granary.miner.storage.StorageException;
import io.granary.proofs.Hash32;
import io.granary.protocol.crypto.Signature;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.function.Function;

/**
 * Reads and writes the fields of stored values: fixed-width, big-endian; bytes of variable length
 * after a uint16 or uint32.
 */
final class Fields {
  private static final int AMOUNT_BYTES = 12;

  private final ByteBuffer buffer;

  private Fields(ByteBuffer buffer) {
    this.buffer = buffer;
  }

  /** To write at most {@code capacity} bytes that start with a version. */
  static Fields write(int capacity, int version) {
    Fields fields = new Fields(ByteBuffer.allocate(capacity));
    fields.buffer.put((byte) version);
    return fields;
  }

  /**
   * Reads a whole value.
   *
   * @throws StorageException when the version is another, or the bytes are none of this kind
   */
  static <T> T read(byte[] value, int version, String what, Function<Fields, T> reader) {
    if (value.length == 0 || value[0] != version) {
      throw new StorageException(
          "a stored "
              + what
              + " has version "
              + (value.length == 0 ? "none" : value[0])
              + ", this node reads "
              + version
              + "; use the version of the software that wrote the store");
    }
    try {
      Fields fields = new Fields(ByteBuffer.wrap(value, 1, value.length - 1));
      T result = reader.apply(fields);
      if (!fields.buffer.hasRemaining()) {
        return result;
      }
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw new StorageException("a stored " + what + " is damaged: restore the store", e);
    }
    throw new StorageException("a stored " + what + " is damaged (too long): restore the store");
  }

  byte[] bytes() {
    byte[] out = new byte[buffer.position()];
    buffer.flip().get(out);
    return out;
  }

  Fields u8(int value) {
    buffer.put((byte) value);
    return this;
  }

  Fields u32(long value) {
    buffer.putInt((int) value);
    return this;
  }

  Fields u64(long value) {
    buffer.putLong(value);
    return this;
  }

  Fields hash(Hash32 value) {
    buffer.put(value.bytes());
    return this;
  }

  Fields address(Address value) {
    buffer.put(value.bytes());
    return this;
  }

  Fields signature(Signature value) {
    buffer.put(value.bytes());
    return this;
  }

  /** An amount below 2^96, as every amount in a deal is. */
  Fields amount(TokenAmount value) {
    byte[] units = value.units().toByteArray();
    byte[] field = new byte[AMOUNT_BYTES];
    int n = Math.min(AMOUNT_BYTES, units.length);
    System.arraycopy(units, units.length - n, field, AMOUNT_BYTES - n, n);
    buffer.put(field);
    return this;
  }

  Fields blob(byte[] value) {
    buffer.putShort((short) value.length).put(value);
    return this;
  }

  /** Bytes of any length, after a uint32. */
  Fields longBlob(byte[] value) {
    buffer.putInt(value.length).put(value);
    return this;
  }

  /** A number of any size, not negative. */
  Fields number(BigInteger value) {
    return blob(value.toByteArray());
  }

  Fields text(String value) {
    return blob(value.getBytes(UTF_8));
  }

  int u8() {
    return Byte.toUnsignedInt(buffer.get());
  }

  long u32() {
    return Integer.toUnsignedLong(buffer.getInt());
  }

  long u64() {
    return buffer.getLong();
  }

  Hash32 hash() {
    return Hash32.of(take(Hash32.BYTES));
  }

  Address address() {
    return Address.of(take(Address.BYTES));
  }

  Signature signature() {
    return Signature.of(take(Signature.BYTES));
  }

  TokenAmount amount() {
    return new TokenAmount(new BigInteger(1, take(AMOUNT_BYTES)));
  }

  byte[] blob() {
    return take(Short.toUnsignedInt(buffer.getShort()));
  }

  byte[] longBlob() {
    int length = buffer.getInt();
    if (length < 0) {
      throw new BufferUnderflowException();
    }
    return take(length);
  }

  BigInteger number() {
    BigInteger value = new BigInteger(blob());
    if (value.signum() < 0) {
      throw new IllegalArgumentException("a number is negative");
    }
    return value;
  }

  String text() {
    return new String(blob(), UTF_8);
  }

  private byte[] take(int length) {
    if (buffer.remaining() < length) {
      throw new BufferUnderflowException();
    }
    byte[] out = new byte[length];
    buffer.get(out);
    return out;
  }
}
