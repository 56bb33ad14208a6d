package io.granary.client.erasure;

import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.XOR;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * 16 bytes at a time: a product is the sum of those of the byte's two halves, and a table of 16
 * products fits into a vector, where a shuffle looks up all bytes at once (Plank, Greenan, Miller:
 * Screaming Fast Galois Field Arithmetic Using Intel SIMD Instructions, 2013).
 *
 * <p>Vectors of 128 bits because every processor shuffles their bytes with one instruction; wider
 * ones are less than twice as fast where they have such an instruction, and slow elsewhere.
 */
final class ShuffleKernel implements Kernel {
  private static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_128;
  private static final int WIDTH = BYTES.length();
  private static final byte LOW_HALF = 0x0f;

  /** Products of each coefficient with 0 … 15, and with 16 times 0 … 15. */
  private static final byte[] HALVES = halves();

  private final Kernel rest = new TableKernel();

  private static byte[] halves() {
    byte[] halves = new byte[2 * WIDTH * GaloisField.SIZE];
    for (int coefficient = 0; coefficient < GaloisField.SIZE; coefficient++) {
      byte[] products = GaloisField.multiples(coefficient);
      int at = 2 * WIDTH * coefficient;
      for (int half = 0; half < WIDTH; half++) {
        halves[at + half] = products[half];
        halves[at + WIDTH + half] = products[half << 4];
      }
    }
    return halves;
  }

  @Override
  public void addMultiple(int coefficient, byte[] shard, byte[] sum, int from, int to) {
    ByteVector ofLow = ByteVector.fromArray(BYTES, HALVES, 2 * WIDTH * coefficient);
    ByteVector ofHigh = ByteVector.fromArray(BYTES, HALVES, 2 * WIDTH * coefficient + WIDTH);
    int end = from + BYTES.loopBound(to - from);
    for (int i = from; i < end; i += WIDTH) {
      ByteVector bytes = ByteVector.fromArray(BYTES, shard, i);
      ByteVector low = bytes.and(LOW_HALF);
      // There is no instruction that shifts bytes: those of a neighbour are masked away.
      ByteVector high =
          bytes.reinterpretAsInts().lanewise(LSHR, 4).reinterpretAsBytes().and(LOW_HALF);
      ByteVector.fromArray(BYTES, sum, i)
          .lanewise(XOR, low.selectFrom(ofLow))
          .lanewise(XOR, high.selectFrom(ofHigh))
          .intoArray(sum, i);
    }
    rest.addMultiple(coefficient, shard, sum, end, to);
  }
}
