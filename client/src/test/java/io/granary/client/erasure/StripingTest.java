package io.granary.client.erasure;

import static io.granary.client.erasure.Striping.UNIT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.proofs.piece.RawSize;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StripingTest {
  private static void refused(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
  }

  @ParameterizedTest
  @CsvSource({
    // data, bytes, stripes, bytes of a shard
    "1, 1, 1, 32",
    "1, 32, 1, 32",
    "1, 33, 1, 64",
    "1, 1048576, 1, 1048576",
    "1, 1048577, 2, 1048608",
    "4, 1, 1, 32",
    "4, 128, 1, 32",
    "4, 129, 1, 64",
    "4, 4194303, 1, 1048576",
    "4, 4194304, 1, 1048576",
    "4, 4194305, 2, 1048608",
    "4, 4194432, 2, 1048608",
    "4, 4194433, 2, 1048640",
    "4, 8388608, 2, 2097152",
    "3, 1000, 1, 352",
    "64, 67108865, 2, 1048608",
    "1, 274877906944, 262144, 274877906944",
    "64, 17592186044416, 262144, 274877906944",
    "64, 17592186044415, 262144, 274877906944",
  })
  void sizes(int data, long bytes, long stripes, long shardBytes) {
    Striping striping = new Striping(data, 2, bytes);
    assertEquals(stripes, striping.stripes());
    assertEquals(shardBytes, striping.shardBytes());
    assertEquals(data + 2, striping.total());
  }

  @Property(tries = 300)
  void stripes_cover_the_file_without_gaps(
      @ForAll @IntRange(min = 1, max = 64) int data,
      @ForAll @LongRange(min = 1, max = 1L << 30) long bytes) {
    Striping striping = new Striping(data, 2, bytes);
    long position = 0;
    long offset = 0;
    for (long stripe = 0; stripe < striping.stripes(); stripe++) {
      int inStripe = striping.stripeBytes(stripe);
      int unit = striping.unit(stripe);
      boolean last = stripe == striping.stripes() - 1;
      assertEquals(position, striping.position(stripe));
      assertEquals(offset, striping.offset(stripe));
      assertEquals(stripe, striping.stripeOf(position));
      assertEquals(stripe, striping.stripeOf(position + inStripe - 1));
      assertTrue(last ? unit % 32 == 0 && unit <= UNIT : unit == UNIT, "unit " + unit);
      assertTrue(inStripe > 0 && inStripe <= (long) data * unit, "bytes " + inStripe);
      assertTrue(inStripe > (long) data * (unit - 32), "no more zeros than needed: " + unit);
      position += inStripe;
      offset += unit;
    }
    assertEquals(bytes, position);
    assertEquals(striping.shardBytes(), offset);
  }

  @Test
  void limits() {
    refused(
        "4 data shards hold a file of 1 to 1099511627776 bytes, not 0; an empty file cannot be"
            + " stored",
        () -> new Striping(4, 2, 0));
    refused(
        "4 data shards hold a file of 1 to 1099511627776 bytes, not -5; an empty file cannot be"
            + " stored",
        () -> new Striping(4, 2, -5));
    refused(
        "4 data shards hold a file of 1 to 1099511627776 bytes, not 1099511627777; take more"
            + " shards or split it",
        () -> new Striping(4, 2, 4 * RawSize.MAX + 1));
    refused(
        "1 data shards hold a file of 1 to 274877906944 bytes, not 9223372036854775807; take more"
            + " shards or split it",
        () -> new Striping(1, 2, Long.MAX_VALUE));
    refused("a file has 1 to 64 data shards, not 65", () -> new Striping(65, 2, 1));
    refused(
        "4 data shards can have 0 to 124 parity shards, not 125", () -> new Striping(4, 125, 1));
  }

  @Test
  void what_lies_outside_of_the_file() {
    Striping striping = new Striping(2, 1, 2 * UNIT + 1);
    assertThrows(IndexOutOfBoundsException.class, () -> striping.stripeOf(-1));
    assertThrows(IndexOutOfBoundsException.class, () -> striping.stripeOf(2 * UNIT + 1));
    assertThrows(IndexOutOfBoundsException.class, () -> striping.position(2));
    assertThrows(IndexOutOfBoundsException.class, () -> striping.offset(-1));
    assertThrows(IndexOutOfBoundsException.class, () -> striping.unit(2));
    assertThrows(IndexOutOfBoundsException.class, () -> striping.stripeBytes(2));
  }

  @Test
  void the_code_has_the_same_shards() {
    ReedSolomon code = new Striping(4, 2, 1).code();
    assertEquals(4, code.data());
    assertEquals(2, code.parity());
  }
}
