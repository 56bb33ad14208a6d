package io.granary.client.vault;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.util.stream.LongStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;

class SizeClassProperties {
  private static final long MAX = 1L << 62;

  /** The paper's rule as it is told of floating-point numbers: the mantissa has so many bits. */
  private static boolean isSizeClass(long bytes) {
    int exponent = Long.toBinaryString(bytes).length() - 1;
    int mantissa = Integer.toBinaryString(exponent).length();
    return Long.numberOfTrailingZeros(bytes) >= exponent - mantissa;
  }

  @Example
  void lengths_that_the_paper_tells_of() {
    // 8 and 10 fit into two bits of mantissa, 9 does not; no longer length costs as much as its 11
    // %.
    assertEquals(8, SizeClass.padme(8));
    assertEquals(10, SizeClass.padme(9));
    assertEquals(10, SizeClass.padme(10));
  }

  @Example
  void the_rounding_is_the_least_that_there_is() {
    long least = 1 << 20;
    for (long bytes = 1 << 20; bytes >= 2; bytes--) {
      least = isSizeClass(bytes) ? bytes : least;
      assertEquals(least, SizeClass.padme(bytes), "of " + bytes);
    }
  }

  @Property
  void longer_files_too(@ForAll @LongRange(min = 257, max = MAX) long bytes) {
    long padded = SizeClass.padded(bytes);
    assertTrue(padded >= bytes && isSizeClass(padded), () -> bytes + " to " + padded);
    assertEquals(padded, SizeClass.padded(padded));
    assertTrue((double) (padded - bytes) / bytes < 1.0 / 16, () -> bytes + " to " + padded);
    if (bytes >= 1 << 16) {
      assertTrue((double) (padded - bytes) / bytes < 1.0 / 32, () -> bytes + " to " + padded);
    }
  }

  @Property
  void order_is_kept(
      @ForAll @LongRange(max = MAX) long one, @ForAll @LongRange(max = MAX) long other) {
    assertTrue(SizeClass.padded(Math.min(one, other)) <= SizeClass.padded(Math.max(one, other)));
  }

  @Example
  void few_sizes_are_told_apart() {
    long between =
        LongStream.rangeClosed((1 << 20) + 1, 1 << 21).map(SizeClass::padded).distinct().count();
    assertEquals(32, between, "five bits, from 1 MiB to 2 MiB");
    assertEquals(1, LongStream.rangeClosed(0, 256).map(SizeClass::padded).distinct().count());
    assertEquals(256, SizeClass.padded(0));
  }

  @Example
  void what_is_no_length_is_refused() {
    assertEquals(MAX, SizeClass.padded(MAX));
    for (long bytes : new long[] {-1, MAX + 1, Long.MAX_VALUE, Long.MIN_VALUE}) {
      assertThrows(IllegalArgumentException.class, () -> SizeClass.padded(bytes));
    }
  }

  @Property(tries = 50)
  void the_padding_is_zeros(@ForAll @LongRange(max = 100_000_000) long bytes) throws IOException {
    ByteArrayOutputStream padding = new ByteArrayOutputStream();
    SizeClass.pad(Channels.newChannel(padding), bytes);
    assertArrayEquals(new byte[(int) (SizeClass.padded(bytes) - bytes)], padding.toByteArray());
  }
}
