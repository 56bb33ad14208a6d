package io.granary.proofs.disk;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A file of which much is written or read once. Where the file system can, that goes past the page
 * cache (O_DIRECT): a miner's bulk data is larger than its memory anyway, and filling the cache
 * with it costs more than hashing it, and drives out what proofs need. Direct transfers have to be
 * whole blocks at whole blocks; whatever is not goes the usual way. Safe for several threads that
 * work at different places.
 */
public final class BulkFile implements Closeable {
  private static final Optional<OpenOption> DIRECT = directOption();
  private static final Set<OpenOption> MAKES_FILES =
      Set.of(
          StandardOpenOption.CREATE,
          StandardOpenOption.CREATE_NEW,
          StandardOpenOption.TRUNCATE_EXISTING);

  private static final int BUFFER_BYTES = 1 << 20;
  private static final int MAX_BLOCK = 1 << 12;

  // Memory that the kernel can transfer from. Making it costs as much as filling it, so some is
  // kept.
  private static final Queue<ByteBuffer> BUFFERS = new ArrayBlockingQueue<>(16);

  private final FileChannel cached;
  private final @Nullable FileChannel direct;
  private final int block;

  private BulkFile(FileChannel cached, @Nullable FileChannel direct, int block) {
    this.cached = cached;
    this.direct = direct;
    this.block = block;
  }

  /**
   * Opens a file.
   *
   * @param options as for {@link FileChannel#open(Path, OpenOption...)}, without APPEND
   * @throws IOException when it cannot be opened; a file system without direct transfers is none
   */
  public static BulkFile open(Path path, OpenOption... options) throws IOException {
    FileChannel cached = FileChannel.open(path, options);
    try {
      long block = Files.getFileStore(path).getBlockSize();
      return block > MAX_BLOCK
          ? new BulkFile(cached, null, MAX_BLOCK)
          : new BulkFile(cached, openDirect(path, options).orElse(null), (int) block);
    } catch (IOException | RuntimeException e) {
      cached.close();
      throw e;
    }
  }

  private static Optional<FileChannel> openDirect(Path path, OpenOption... options) {
    if (DIRECT.isEmpty()) {
      return Optional.empty();
    }
    OpenOption[] reopened =
        Stream.concat(Arrays.stream(options).filter(o -> !MAKES_FILES.contains(o)), DIRECT.stream())
            .toArray(OpenOption[]::new);
    try {
      return Optional.of(FileChannel.open(path, reopened));
    } catch (IOException | UnsupportedOperationException notThisFileSystem) {
      return Optional.empty();
    }
  }

  /** By its name, because the compiler warns of all of com.sun and takes no word against it. */
  private static Optional<OpenOption> directOption() {
    try {
      return Arrays.stream(Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants())
          .filter(option -> option.toString().equals("DIRECT"))
          .map(OpenOption.class::cast)
          .findFirst();
    } catch (ClassNotFoundException notThisJdk) {
      return Optional.empty();
    }
  }

  /** The same file behind other channels, for tests of failing disks. */
  public BulkFile wrap(UnaryOperator<FileChannel> wrapper) {
    return new BulkFile(
        wrapper.apply(cached), direct == null ? null : wrapper.apply(direct), block);
  }

  /** Bytes of the file. */
  public long size() throws IOException {
    return cached.size();
  }

  /**
   * Writes all that remains of a buffer.
   *
   * @param position where in the file
   */
  public void write(ByteBuffer bytes, long position) throws IOException {
    long at = direct == null ? position : writeBlocks(direct, bytes, position);
    while (bytes.hasRemaining()) {
      at += cached.write(bytes, at);
    }
  }

  /**
   * Fills what remains of a buffer.
   *
   * @param position where in the file
   * @throws EOFException when the file ends before
   */
  public void read(ByteBuffer target, long position) throws IOException {
    long at = direct == null ? position : readBlocks(direct, target, position);
    while (target.hasRemaining()) {
      int n = cached.read(target, at);
      if (n < 0) {
        throw new EOFException("the file ends at byte " + at);
      }
      at += n;
    }
  }

  /** Writes blocks until what is left is none, and returns where it stopped. */
  private long writeBlocks(FileChannel file, ByteBuffer bytes, long position) throws IOException {
    long at = position;
    ByteBuffer buffer = takeBuffer();
    try {
      while (isBlock(bytes, at)) {
        buffer.clear().put(bytes.slice(bytes.position(), wholeBlocks(bytes))).flip();
        int n = file.write(buffer, at);
        bytes.position(bytes.position() + n);
        at += n;
      }
    } finally {
      giveBack(buffer);
    }
    return at;
  }

  /** Reads blocks until what is left is none, and returns where it stopped. */
  private long readBlocks(FileChannel file, ByteBuffer target, long position) throws IOException {
    long at = position;
    ByteBuffer buffer = takeBuffer();
    try {
      int n = 1;
      while (n > 0 && isBlock(target, at)) {
        buffer.clear().limit(wholeBlocks(target));
        n = file.read(buffer, at);
        target.put(buffer.flip());
        at += Math.max(n, 0);
      }
    } finally {
      giveBack(buffer);
    }
    return at;
  }

  private boolean isBlock(ByteBuffer bytes, long position) {
    return position % block == 0 && bytes.remaining() >= block;
  }

  /** Bytes that can go in one transfer. */
  private int wholeBlocks(ByteBuffer bytes) {
    int most = Math.min(bytes.remaining(), BUFFER_BYTES);
    return most - most % block;
  }

  private static ByteBuffer takeBuffer() {
    ByteBuffer free = BUFFERS.poll();
    return free != null
        ? free
        : ByteBuffer.allocateDirect(BUFFER_BYTES + MAX_BLOCK).alignedSlice(MAX_BLOCK);
  }

  private static void giveBack(ByteBuffer buffer) {
    BUFFERS.offer(buffer); // when there are enough, this one is left to the garbage collector
  }

  /** Makes what was written durable, as {@link FileChannel#force}. */
  public void force(boolean metaData) throws IOException {
    cached.force(metaData);
  }

  @Override
  public void close() throws IOException {
    try (cached) {
      if (direct != null) {
        direct.close();
      }
    }
  }
}
