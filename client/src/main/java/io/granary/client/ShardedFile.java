package io.granary.client;

import io.granary.client.erasure.StripeDecoder;
import io.granary.client.erasure.Striping;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** A file read from any so many of its shards; one stripe is in memory. */
final class ShardedFile implements SeekableByteChannel {
  private final Striping striping;
  private final StripeDecoder decoder;
  private final Map<Integer, FileChannel> shards = new TreeMap<>();
  private final byte[][] units;
  private final boolean[] present;
  private final ByteBuffer stripe;
  private long loaded = -1;
  private long position;
  private boolean open = true;

  /**
   * Opens the shards.
   *
   * @param which as many as there are data shards, in files of the folder named by their numbers
   * @throws IOException when one cannot be read
   */
  ShardedFile(Striping striping, Path folder, Set<Integer> which) throws IOException {
    this.striping = striping;
    this.decoder = new StripeDecoder(striping);
    this.units = new byte[striping.total()][striping.unit(0)];
    this.present = new boolean[striping.total()];
    this.stripe = ByteBuffer.allocate(striping.stripeBytes(0));
    try {
      for (int shard : which) {
        shards.put(
            shard,
            FileChannel.open(folder.resolve(Integer.toString(shard)), StandardOpenOption.READ));
        present[shard] = true;
      }
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  @Override
  public int read(ByteBuffer to) throws IOException {
    if (position >= size()) {
      return -1;
    }
    load(striping.stripeOf(position));
    int from = (int) (position - striping.position(loaded));
    int length = Math.min(stripe.limit() - from, to.remaining());
    to.put(stripe.slice(from, length));
    position += length;
    return length;
  }

  private void load(long wanted) throws IOException {
    if (wanted == loaded) {
      return;
    }
    loaded = -1;
    for (Map.Entry<Integer, FileChannel> shard : shards.entrySet()) {
      ByteBuffer unit = ByteBuffer.wrap(units[shard.getKey()], 0, striping.unit(wanted));
      long at = striping.offset(wanted);
      while (unit.hasRemaining()) {
        if (shard.getValue().read(unit, at + unit.position()) < 0) {
          throw new IOException("shard " + shard.getKey() + " ends in stripe " + wanted);
        }
      }
    }
    decoder.decode(wanted, units, present, stripe.clear());
    stripe.flip();
    loaded = wanted;
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public SeekableByteChannel position(long to) {
    position = to;
    return this;
  }

  @Override
  public long size() {
    return striping.bytes();
  }

  @Override
  public int write(ByteBuffer from) {
    throw new NonWritableChannelException();
  }

  @Override
  public SeekableByteChannel truncate(long size) {
    throw new NonWritableChannelException();
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() throws IOException {
    open = false;
    for (FileChannel shard : shards.values()) {
      shard.close();
    }
  }
}
