package io.granary.proofs.seal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A channel of a disk whose power fails: what was not synced then is there in part, or not. */
final class UnsyncedChannel extends FileChannel {
  /** What lay where something was written since the file's last sync. */
  private record Overwritten(long position, byte[] before) {}

  /** The disk: its files, and how many syncs it still does. */
  static final class Disk {
    private final Map<Path, List<Overwritten>> unsynced = new HashMap<>();
    private long writesLeft = Long.MAX_VALUE;
    private boolean off;

    /** The power goes after so many writes more. */
    synchronized void failAfter(long writes) {
      writesLeft = writes;
    }

    FileChannel of(Path file, FileChannel channel) {
      return new UnsyncedChannel(this, file, channel);
    }

    private synchronized void requirePower() throws IOException {
      if (off) {
        throw new IOException("the power is off");
      }
    }

    /** Takes back some of what was not synced, so that others of it stay: disks keep no order. */
    synchronized void comeBack(Random random) throws IOException {
      for (Map.Entry<Path, List<Overwritten>> file : unsynced.entrySet()) {
        try (FileChannel channel = FileChannel.open(file.getKey(), StandardOpenOption.WRITE)) {
          Collections.reverse(file.getValue());
          for (Overwritten w : file.getValue()) {
            if (random.nextInt(4) != 0) {
              channel.write(ByteBuffer.wrap(w.before()), w.position());
            }
          }
        }
      }
      unsynced.clear();
      off = false;
      writesLeft = Long.MAX_VALUE;
    }
  }

  private final Disk disk;
  private final Path path;
  private final FileChannel file;

  private UnsyncedChannel(Disk disk, Path path, FileChannel file) {
    this.disk = disk;
    this.path = path;
    this.file = file;
  }

  @Override
  public int write(ByteBuffer source, long position) throws IOException {
    synchronized (disk) {
      disk.requirePower();
      if (--disk.writesLeft < 0) {
        disk.off = true;
        throw new IOException("the power is off");
      }
      byte[] before = new byte[source.remaining()];
      try (FileChannel reader = FileChannel.open(path, StandardOpenOption.READ)) {
        ByteBuffer there = ByteBuffer.wrap(before);
        int n = 0;
        while (n >= 0 && there.hasRemaining()) {
          n = reader.read(there, position + there.position());
        }
      }
      disk.unsynced
          .computeIfAbsent(path, p -> new ArrayList<>())
          .add(new Overwritten(position, before));
    }
    return file.write(source, position);
  }

  @Override
  public int read(ByteBuffer target, long position) throws IOException {
    disk.requirePower();
    return file.read(target, position);
  }

  @Override
  public void force(boolean metaData) throws IOException {
    synchronized (disk) {
      disk.requirePower();
      file.force(metaData);
      disk.unsynced.remove(path);
    }
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
    return new UnsupportedOperationException("sealing does not need this");
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
