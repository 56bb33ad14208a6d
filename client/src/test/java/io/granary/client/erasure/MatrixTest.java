package io.granary.client.erasure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class MatrixTest {
  @Property(tries = 100)
  void any_rows_of_a_vandermonde_matrix_have_an_inverse(
      @ForAll @IntRange(min = 1, max = 64) int size, @ForAll long seed) {
    List<Integer> all = new ArrayList<>(IntStream.range(0, 128).boxed().toList());
    Collections.shuffle(all, new Random(seed));
    int[] some = all.stream().limit(size).mapToInt(i -> i).toArray();
    Matrix matrix = Matrix.vandermonde(128, size).rows(some);
    Matrix product = matrix.times(matrix.inverse());
    for (int r = 0; r < size; r++) {
      int[] unit = new int[size];
      unit[r] = 1;
      assertArrayEquals(unit, product.row(r), "row " + r);
    }
  }

  @Test
  void rows_that_depend_on_each_other_have_none() {
    Matrix twice = Matrix.vandermonde(3, 2).rows(1, 1);
    ArithmeticException e = assertThrows(ArithmeticException.class, twice::inverse);
    assertTrue(String.valueOf(e.getMessage()).contains("depend"), e.getMessage());
  }
}
