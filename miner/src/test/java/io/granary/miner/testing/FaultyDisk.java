package io.granary.miner.testing;

import io.granary.miner.replica.Disk;
import io.granary.miner.replica.LocalDisk;
import io.granary.proofs.disk.BulkFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A disk with as many bytes left as a test says. */
public final class FaultyDisk implements Disk {
  private final Disk disk = new LocalDisk();
  private final AtomicLong left = new AtomicLong(Long.MAX_VALUE / 2);
  private volatile boolean broken;
  private volatile CountDownLatch sealing = new CountDownLatch(0);
  private volatile CountDownLatch atWork = new CountDownLatch(1);

  /** Bytes that were written. */
  public final AtomicLong written = new AtomicLong();

  /** Leaves so many bytes. */
  public void setLeft(long bytes) {
    left.set(bytes);
  }

  /** Makes sealings wait; {@link #releaseSealing} lets them go on. */
  public void holdSealing() {
    atWork = new CountDownLatch(1);
    sealing = new CountDownLatch(1);
  }

  /** Waits until a sealing is held. */
  public void awaitSealing() throws InterruptedException {
    if (!atWork.await(60, TimeUnit.SECONDS)) {
      throw new AssertionError("no sealing began");
    }
  }

  /** Lets held sealings go on. */
  public void releaseSealing() {
    sealing.countDown();
  }

  /** Makes every write fail, or no longer. */
  public void setBroken(boolean isBroken) {
    broken = isBroken;
  }

  private void take(long bytes) throws IOException {
    if (broken) {
      throw new IOException("Input/output error");
    }
    if (left.addAndGet(-bytes) < 0) {
      left.addAndGet(bytes);
      throw new IOException("No space left on device");
    }
  }

  @Override
  public BulkFile openForWriting(Path file) throws IOException {
    return disk.openForWriting(file).wrap(Limited::new);
  }

  @Override
  public FileChannel sealing(Path file, FileChannel channel) {
    atWork.countDown();
    try {
      sealing.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return new Limited(channel);
  }

  @Override
  public long usableBytes(Path directory) {
    return left.get();
  }

  private final class Limited extends FileChannel {
    private final FileChannel file;

    Limited(FileChannel file) {
      this.file = file;
    }

    @Override
    public int write(ByteBuffer source, long position) throws IOException {
      take(source.remaining());
      written.addAndGet(source.remaining());
      return file.write(source, position);
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
      return file.read(target, position);
    }

    @Override
    public void force(boolean metaData) throws IOException {
      file.force(metaData);
    }

    @Override
    public long size() throws IOException {
      return file.size();
    }

    @Override
    protected void implCloseChannel() throws IOException {
      file.close();
    }

    private static UnsupportedOperationException unused() {
      return new UnsupportedOperationException("nobody needs this");
    }

    @Override
    public int read(ByteBuffer target) {
      throw unused();
    }

    @Override
    public long read(ByteBuffer[] targets, int offset, int length) {
      throw unused();
    }

    @Override
    public int write(ByteBuffer source) {
      throw unused();
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) {
      throw unused();
    }

    @Override
    public long position() {
      throw unused();
    }

    @Override
    public FileChannel position(long newPosition) {
      throw unused();
    }

    @Override
    public FileChannel truncate(long size) {
      throw unused();
    }

    @Override
    public long transferTo(long position, long count, WritableByteChannel target) {
      throw unused();
    }

    @Override
    public long transferFrom(ReadableByteChannel source, long position, long count) {
      throw unused();
    }

    @Override
    public MappedByteBuffer map(MapMode mode, long position, long size) {
      throw unused();
    }

    @Override
    public FileLock lock(long position, long size, boolean shared) {
      throw unused();
    }

    @Override
    public FileLock tryLock(long position, long size, boolean shared) {
      throw unused();
    }
  }
}
