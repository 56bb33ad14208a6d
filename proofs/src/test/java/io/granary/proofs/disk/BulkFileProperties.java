package io.granary.proofs.disk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** A file is its bytes, whichever way they went. */
class BulkFileProperties {
  // Multiples of a block, a little more, and anything.
  private static int length(int draw) {
    return draw % 3 == 0 ? draw / 3 * 4096 : draw % 3 == 1 ? draw / 3 * 4096 + 1 : draw * 97;
  }

  @Property(tries = 60)
  void what_was_written_is_read_in_any_extents(
      @ForAll @Size(max = 12) List<@IntRange(max = 100) Integer> writes,
      @ForAll @Size(max = 12) List<@IntRange(max = 100) Integer> reads,
      @ForAll long seed)
      throws IOException {
    int size = writes.stream().mapToInt(BulkFileProperties::length).sum();
    byte[] bytes = new byte[size];
    new Random(seed).nextBytes(bytes);
    Path path = Files.createTempFile("bulk", ".bin");
    try {
      try (BulkFile file = BulkFile.open(path, StandardOpenOption.WRITE)) {
        int at = 0;
        for (int write : writes) {
          file.write(ByteBuffer.wrap(bytes, at, length(write)), at);
          at += length(write);
        }
        file.force(true);
        assertEquals(size, file.size());
      }
      assertArrayEquals(bytes, Files.readAllBytes(path));
      try (BulkFile file = BulkFile.open(path, StandardOpenOption.READ)) {
        int at = 0;
        for (int read : reads) {
          int length = Math.min(length(read), size - at);
          byte[] part = new byte[length];
          file.read(ByteBuffer.wrap(part), at);
          assertArrayEquals(Arrays.copyOfRange(bytes, at, at + length), part);
          at += length;
        }
      }
    } finally {
      Files.delete(path);
    }
  }

  @Property(tries = 30)
  void the_end_of_the_file_is_named(
      @ForAll @IntRange(max = 20_000) int size, @ForAll @IntRange(min = 1, max = 9000) int more)
      throws IOException {
    Path path = Files.createTempFile("bulk", ".bin");
    try {
      Files.write(path, new byte[size]);
      try (BulkFile file = BulkFile.open(path, StandardOpenOption.READ)) {
        ByteBuffer target = ByteBuffer.allocate(size + more);
        assertEquals(
            "the file ends at byte " + size,
            assertThrows(EOFException.class, () -> file.read(target, 0)).getMessage());
      }
    } finally {
      Files.delete(path);
    }
  }
}
