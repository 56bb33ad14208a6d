package io.granary.client.erasure;

/**
 * GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1. Elements are the numbers 0 … 255, whose bits are the
 * coefficients; addition is XOR.
 */
final class GaloisField {
  static final int SIZE = 256;

  private static final int POLYNOMIAL = 0x11d;

  /** So many elements are not 0; all are powers of 2. */
  private static final int ORDER = SIZE - 1;

  private static final int[] EXP = new int[2 * ORDER];
  private static final int[] LOG = new int[SIZE];
  private static final byte[][] MULTIPLES = new byte[SIZE][SIZE];

  static {
    int power = 1;
    for (int log = 0; log < ORDER; log++) {
      EXP[log] = power;
      EXP[log + ORDER] = power;
      LOG[power] = log;
      power <<= 1;
      if (power >= SIZE) {
        power ^= POLYNOMIAL;
      }
    }
    for (int a = 0; a < SIZE; a++) {
      for (int b = 0; b < SIZE; b++) {
        MULTIPLES[a][b] = (byte) multiply(a, b);
      }
    }
  }

  private GaloisField() {}

  static int multiply(int a, int b) {
    return a == 0 || b == 0 ? 0 : EXP[LOG[a] + LOG[b]];
  }

  /**
   * The element whose product with {@code a} is 1.
   *
   * @throws ArithmeticException for 0, which has none
   */
  static int inverse(int a) {
    if (a == 0) {
      throw new ArithmeticException("0 has no inverse");
    }
    return EXP[ORDER - LOG[a]];
  }

  /** {@code a} multiplied {@code exponent} times; 1 when that is 0, of 0 as well. */
  static int power(int a, int exponent) {
    int power = 1;
    for (int i = 0; i < exponent; i++) {
      power = multiply(power, a);
    }
    return power;
  }

  /** The products of {@code a} with all elements, in order. Shared: not to be changed. */
  static byte[] multiples(int a) {
    return MULTIPLES[a];
  }
}
