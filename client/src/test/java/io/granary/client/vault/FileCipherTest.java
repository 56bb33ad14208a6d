package io.granary.client.vault;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FileCipherTest {
  private static final int SEGMENT = FileCipher.SEGMENT_BYTES;
  private static final int HEADER = 40;
  private static final int TAG = 16;

  /** What the first segment holds. */
  private static final int FIRST = SEGMENT - HEADER - TAG;

  private static final byte[] ID = HexFormat.of().parseHex("00112233445566778899aabbccddeeff");
  private static final byte[] BOUND = SegmentFormat.associatedData("granary/v1/file", ID);

  private final FileKey key = FileKey.generate();
  private final FileCipher cipher = new FileCipher(key, ID);

  private static byte[] bytes(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  /**
   * Reading from the start must fail, and give nothing before that but what was sealed.
   *
   * @return how many bytes came before
   */
  private static int refused(FileCipher cipher, byte[] sealed, byte[] plain) throws IOException {
    ByteBuffer read = ByteBuffer.allocate(plain.length + sealed.length);
    BrokenSealException e =
        assertThrows(
            BrokenSealException.class,
            () -> {
              try (SeekableByteChannel channel =
                  cipher.open(new InMemory.Source(sealed, Integer.MAX_VALUE))) {
                while (channel.read(read) > 0) {}
              }
            });
    assertTrue(e.getMessage().contains("fetch it again"), e.getMessage());
    int given = read.position();
    assertTrue(given <= plain.length, () -> given + " bytes of " + plain.length);
    assertArrayEquals(Arrays.copyOf(plain, given), Arrays.copyOf(read.array(), given));
    return given;
  }

  private static byte[] spliced(byte[] into, byte[] from, int source, int target, int length) {
    byte[] result = into.clone();
    System.arraycopy(from, source, result, target, length);
    return result;
  }

  @Test
  void every_size_opens_and_a_second_implementation_agrees()
      throws IOException, GeneralSecurityException {
    int second = FIRST + SEGMENT - TAG;
    for (int size :
        List.of(
            0, 1, 256, FIRST - 1, FIRST, FIRST + 1, second - 1, second, second + 1, 3_700_001)) {
      byte[] plain = bytes(size, size);
      byte[] sealed = InMemory.seal(cipher, plain);
      assertEquals(FileCipher.sealedBytes(size), sealed.length, "sealed size of " + size);
      assertArrayEquals(plain, InMemory.open(cipher, sealed));
      assertArrayEquals(plain, SegmentFormat.open(key.secret(), BOUND, sealed));
      byte[] other =
          SegmentFormat.seal(key.secret(), BOUND, bytes(32, size), bytes(7, size), plain);
      assertArrayEquals(plain, InMemory.open(cipher, other));
    }
  }

  @Test
  void the_same_bytes_are_sealed_to_others_each_time() {
    byte[] plain = bytes(100, 1);
    byte[] once = InMemory.seal(cipher, plain);
    byte[] again = InMemory.seal(cipher, plain);
    assertFalse(Arrays.equals(Arrays.copyOf(once, HEADER), Arrays.copyOf(again, HEADER)));
    assertFalse(
        Arrays.equals(
            Arrays.copyOfRange(once, HEADER, 140), Arrays.copyOfRange(again, HEADER, 140)));
  }

  @Test
  void one_flipped_bit_anywhere_is_refused() throws IOException {
    byte[] plain = bytes(256, 1);
    byte[] sealed = InMemory.seal(cipher, plain);
    for (int bit = 0; bit < 8 * sealed.length; bit++) {
      byte[] changed = sealed.clone();
      changed[bit / 8] ^= (byte) (1 << bit % 8);
      assertEquals(0, refused(cipher, changed, plain), "bit " + bit);
    }
  }

  @Test
  void a_flipped_bit_spoils_its_own_segment_only() throws IOException {
    byte[] plain = bytes(3 * SEGMENT, 2);
    byte[] sealed = InMemory.seal(cipher, plain);
    for (int at :
        List.of(HEADER, SEGMENT - 1, SEGMENT, 2 * SEGMENT - 1, 2 * SEGMENT, sealed.length - 1)) {
      byte[] changed = sealed.clone();
      changed[at] ^= 1;
      int segment = at / SEGMENT;
      int before = segment == 0 ? 0 : FIRST + (segment - 1) * (SEGMENT - TAG);
      assertEquals(before, refused(cipher, changed, plain));
      try (SeekableByteChannel channel =
          cipher.open(new InMemory.Source(changed, Integer.MAX_VALUE))) {
        ByteBuffer target = ByteBuffer.allocate(10);
        channel.position(before + 5);
        assertThrows(BrokenSealException.class, () -> channel.read(target));
        assertThrows(BrokenSealException.class, () -> channel.read(target), "and again");
        assertEquals(0, target.position());
        int elsewhere = segment == 1 ? 0 : FIRST;
        assertEquals(10, channel.position(elsewhere).read(target));
        assertArrayEquals(Arrays.copyOfRange(plain, elsewhere, elsewhere + 10), target.array());
      }
    }
  }

  @Test
  void a_cut_file_is_refused() throws IOException {
    byte[] plain = bytes(3 * SEGMENT, 3);
    byte[] sealed = InMemory.seal(cipher, plain);
    for (int boundary : List.of(0, SEGMENT, 2 * SEGMENT, 3 * SEGMENT, sealed.length)) {
      for (int length = boundary - TAG - 1; length <= boundary + TAG + 1; length++) {
        if (length >= 0 && length < sealed.length) {
          refused(cipher, Arrays.copyOf(sealed, length), plain);
        }
      }
    }
    for (int length = 0; length <= HEADER + 2 * TAG; length++) {
      assertEquals(0, refused(cipher, Arrays.copyOf(sealed, length), plain));
    }
    byte[] nothing = InMemory.seal(cipher, new byte[0]);
    for (int length = 0; length < nothing.length; length++) {
      refused(cipher, Arrays.copyOf(nothing, length), new byte[0]);
    }
  }

  @Test
  void appended_bytes_are_refused() throws IOException {
    for (int size : List.of(0, 256, FIRST - TAG, FIRST, 2 * SEGMENT)) {
      byte[] plain = bytes(size, 4);
      byte[] sealed = InMemory.seal(cipher, plain);
      for (int more : List.of(1, TAG, TAG + 1, SEGMENT)) {
        refused(cipher, Arrays.copyOf(sealed, sealed.length + more), plain);
      }
      byte[] twice =
          spliced(
              Arrays.copyOf(sealed, 2 * sealed.length), sealed, 0, sealed.length, sealed.length);
      refused(cipher, twice, plain);
    }
  }

  @Test
  void segments_out_of_order_are_refused() throws IOException {
    byte[] plain = bytes(4 * SEGMENT, 5);
    byte[] sealed = InMemory.seal(cipher, plain);
    byte[] swapped = spliced(sealed, sealed, SEGMENT, 2 * SEGMENT, SEGMENT);
    swapped = spliced(swapped, sealed, 2 * SEGMENT, SEGMENT, SEGMENT);
    assertEquals(FIRST, refused(cipher, swapped, plain));
    byte[] repeated = spliced(sealed, sealed, SEGMENT, 2 * SEGMENT, SEGMENT);
    assertEquals(FIRST + SEGMENT - TAG, refused(cipher, repeated, plain));
    byte[] dropped = Arrays.copyOf(sealed, sealed.length - SEGMENT);
    dropped = spliced(dropped, sealed, 2 * SEGMENT, SEGMENT, dropped.length - SEGMENT);
    assertEquals(FIRST, refused(cipher, dropped, plain));
  }

  @Test
  void segments_of_other_files_versions_and_sealings_are_refused()
      throws IOException, GeneralSecurityException {
    byte[] plain = bytes(3 * SEGMENT, 6);
    byte[] sealed = InMemory.seal(cipher, plain);
    byte[] otherId = ID.clone();
    otherId[0] ^= 1;
    byte[] salt = Arrays.copyOfRange(sealed, 1, 33);
    byte[] prefix = Arrays.copyOfRange(sealed, 33, HEADER);
    for (byte[] other :
        List.of(
            InMemory.seal(cipher, plain),
            InMemory.seal(new FileCipher(FileKey.generate(), ID), plain),
            SegmentFormat.seal(
                key.secret(),
                SegmentFormat.associatedData("granary/v1/file", otherId),
                salt,
                prefix,
                plain),
            SegmentFormat.seal(
                key.secret(),
                SegmentFormat.associatedData("granary/v2/file", ID),
                salt,
                prefix,
                plain))) {
      assertEquals(
          FIRST, refused(cipher, spliced(sealed, other, SEGMENT, SEGMENT, SEGMENT), plain));
      assertEquals(0, refused(cipher, spliced(sealed, other, HEADER, HEADER, FIRST + TAG), plain));
    }
    byte[] again = SegmentFormat.seal(key.secret(), BOUND, salt, prefix, plain);
    assertArrayEquals(sealed, again, "it was the salt, the prefix, the id and the version alone");
  }

  @Test
  void another_key_or_file_opens_nothing() throws IOException {
    byte[] plain = bytes(300, 7);
    byte[] sealed = InMemory.seal(cipher, plain);
    assertEquals(0, refused(new FileCipher(FileKey.generate(), ID), sealed, plain));
    byte[] longer = Arrays.copyOf(ID, 32);
    assertEquals(0, refused(new FileCipher(key, longer), sealed, plain));
  }

  @Test
  void channels_that_take_and_give_little_at_a_time_are_served() throws IOException {
    byte[] plain = bytes(SEGMENT + 1000, 8);
    ByteArrayOutputStream taken = new ByteArrayOutputStream();
    WritableByteChannel narrow =
        new WritableByteChannel() {
          @Override
          public int write(ByteBuffer source) {
            byte[] some = new byte[Math.min(10_000, source.remaining())];
            source.get(some);
            taken.writeBytes(some);
            return some.length;
          }

          @Override
          public boolean isOpen() {
            return true;
          }

          @Override
          public void close() {}
        };
    try (WritableByteChannel sealing = cipher.seal(narrow)) {
      ByteBuffer left = ByteBuffer.wrap(plain);
      while (left.hasRemaining()) {
        sealing.write(left);
      }
    }
    ByteBuffer read = ByteBuffer.allocate(plain.length);
    InMemory.Source source = new InMemory.Source(taken.toByteArray(), 10_000);
    try (SeekableByteChannel opened = cipher.open(source)) {
      while (opened.read(read) >= 0) {}
    }
    assertArrayEquals(plain, read.array());
    assertFalse(source.isOpen());
  }

  @Test
  void a_size_is_proved_where_the_file_ends() throws IOException {
    byte[] sealed = InMemory.seal(cipher, bytes(2 * SEGMENT, 10));
    ByteBuffer target = ByteBuffer.allocate(10);
    try (SeekableByteChannel channel =
        cipher.open(new InMemory.Source(sealed, Integer.MAX_VALUE))) {
      assertEquals(-1, channel.position(channel.size()).read(target));
      assertEquals(-1, channel.position(channel.size() + 1).read(target));
      assertEquals(10, channel.position(FIRST).read(target.clear()));
      assertEquals(-1, channel.position(channel.size()).read(target.clear()));
      assertEquals(channel.size(), channel.position());
    }
    byte[] cut = Arrays.copyOf(sealed, 2 * SEGMENT);
    try (SeekableByteChannel channel = cipher.open(new InMemory.Source(cut, Integer.MAX_VALUE))) {
      assertEquals(10, channel.read(target.clear()));
      channel.position(channel.size());
      assertThrows(BrokenSealException.class, () -> channel.read(target.clear()));
    }
  }

  @Test
  void an_opened_file_is_for_reading_only() throws IOException {
    byte[] sealed = InMemory.seal(cipher, bytes(300, 9));
    try (SeekableByteChannel channel =
        cipher.open(new InMemory.Source(sealed, Integer.MAX_VALUE))) {
      assertEquals(300, channel.size());
      assertThrows(IllegalArgumentException.class, () -> channel.position(-1));
      assertThrows(NonWritableChannelException.class, () -> channel.write(ByteBuffer.allocate(1)));
      assertThrows(NonWritableChannelException.class, () -> channel.truncate(0));
    }
  }
}
