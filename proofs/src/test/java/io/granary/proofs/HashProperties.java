package io.granary.proofs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.proofs.piece.PieceCid;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;

/** The values' two properties: they come back, and anything else is refused as documented. */
class HashProperties {
  @Property(tries = 200)
  void hashes_come_back_and_share_nothing(@ForAll @Size(32) byte[] bytes) {
    Hash32 hash = Hash32.of(bytes);
    assertEquals(hash, Hash32.fromHex(hash.toHex()));
    assertEquals(hash, Hash32.fromHex("0x" + hash.toHex().toUpperCase(java.util.Locale.ROOT)));
    assertEquals(hash.hashCode(), Hash32.of(bytes).hashCode());
    byte[] copy = hash.bytes();
    copy[0] ^= 1;
    assertArrayEquals(bytes, hash.bytes());
    byte[] room = new byte[40];
    hash.copyTo(room, 5);
    assertEquals(hash, Hash32.at(room, 5));
    assertThrows(IndexOutOfBoundsException.class, () -> Hash32.at(room, 9));
  }

  @Property(tries = 300)
  void other_texts_are_refused_by_name(@ForAll String text) {
    for (Runnable parse :
        new Runnable[] {() -> Hash32.fromHex(text), () -> PieceCid.parse("b" + text)}) {
      assertTrue(
          assertThrows(IllegalArgumentException.class, parse::run).getMessage().contains(text));
    }
  }

  @Property(tries = 300)
  void cids_of_all_sizes_come_back(
      @ForAll @LongRange(max = 1L << 38) long size, @ForAll @Size(32) byte[] root) {
    PieceCid cid = new PieceCid(Hash32.of(root), size);
    assertEquals(cid, PieceCid.parse(cid.toString()));
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> PieceCid.parse(cid.v1()))
            .getMessage()
            .contains("version 1"));
  }

  @Property(tries = 200)
  void leaf_indices_outside_the_tallest_tree_are_refused(@ForAll long value) {
    if (value >= 0 && value < 1L << 34) {
      assertEquals(value, new LeafIndex(value).value());
    } else {
      assertThrows(IllegalArgumentException.class, () -> new LeafIndex(value));
    }
  }
}
