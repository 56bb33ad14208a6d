package io.granary.client.erasure;

import java.util.Arrays;

/** A matrix over {@link GaloisField}. Immutable. */
final class Matrix {
  private final int[][] rows;

  private Matrix(int[][] rows) {
    this.rows = rows;
  }

  /** Element (r, c) is r to the power of c: any {@code columns} of its rows are independent. */
  static Matrix vandermonde(int rows, int columns) {
    int[][] elements = new int[rows][columns];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        elements[r][c] = GaloisField.power(r, c);
      }
    }
    return new Matrix(elements);
  }

  /** A copy of one row. */
  int[] row(int index) {
    return rows[index].clone();
  }

  /** These rows, in the order given. */
  Matrix rows(int... indices) {
    return new Matrix(Arrays.stream(indices).mapToObj(this::row).toArray(int[][]::new));
  }

  /** The product; {@code right} has as many rows as this has columns. */
  Matrix times(Matrix right) {
    int[][] product = new int[rows.length][right.rows[0].length];
    for (int r = 0; r < product.length; r++) {
      for (int i = 0; i < right.rows.length; i++) {
        addMultiple(rows[r][i], right.rows[i], product[r]);
      }
    }
    return new Matrix(product);
  }

  /**
   * The inverse of a square matrix, by Gauss–Jordan elimination.
   *
   * @throws ArithmeticException when its rows depend on each other
   */
  Matrix inverse() {
    int size = rows.length;
    int[][] left = Arrays.stream(rows).map(int[]::clone).toArray(int[][]::new);
    int[][] right = new int[size][size];
    for (int i = 0; i < size; i++) {
      right[i][i] = 1;
    }
    for (int column = 0; column < size; column++) {
      int pivot = pivot(left, column);
      swap(left, column, pivot);
      swap(right, column, pivot);
      int scale = GaloisField.inverse(left[column][column]);
      scale(scale, left[column]);
      scale(scale, right[column]);
      for (int r = 0; r < size; r++) {
        if (r != column) {
          int factor = left[r][column];
          addMultiple(factor, left[column], left[r]);
          addMultiple(factor, right[column], right[r]);
        }
      }
    }
    return new Matrix(right);
  }

  /** The first row from the diagonal down that is not zero in this column. */
  private static int pivot(int[][] rows, int column) {
    for (int r = column; r < rows.length; r++) {
      if (rows[r][column] != 0) {
        return r;
      }
    }
    throw new ArithmeticException("the matrix has no inverse: its rows depend on each other");
  }

  private static void swap(int[][] rows, int a, int b) {
    int[] row = rows[a];
    rows[a] = rows[b];
    rows[b] = row;
  }

  private static void scale(int factor, int[] row) {
    for (int c = 0; c < row.length; c++) {
      row[c] = GaloisField.multiply(factor, row[c]);
    }
  }

  private static void addMultiple(int factor, int[] row, int[] sum) {
    for (int c = 0; c < row.length; c++) {
      sum[c] ^= GaloisField.multiply(factor, row[c]);
    }
  }
}
