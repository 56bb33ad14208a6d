package io.granary.client.erasure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class GaloisFieldTest {
  @Test
  void all_products_are_those_of_shifting_and_adding() {
    for (int a = 0; a < GaloisField.SIZE; a++) {
      for (int b = 0; b < GaloisField.SIZE; b++) {
        int expected = NaiveCode.product(a, b);
        assertEquals(expected, GaloisField.multiply(a, b), a + " * " + b);
        assertEquals((byte) expected, GaloisField.multiples(a)[b], a + " * " + b);
      }
    }
  }

  @Test
  void inverses_and_powers() {
    for (int a = 1; a < GaloisField.SIZE; a++) {
      assertEquals(1, NaiveCode.product(a, GaloisField.inverse(a)), "inverse of " + a);
      assertEquals(1, GaloisField.power(a, 255));
    }
    assertThrows(ArithmeticException.class, () -> GaloisField.inverse(0));
    assertEquals(1, GaloisField.power(0, 0));
    assertEquals(0, GaloisField.power(0, 3));
    assertEquals(0x1d, GaloisField.power(2, 8));
  }
}
