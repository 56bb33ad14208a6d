package io.granary.client.erasure;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Keeps shards in memory. */
final class ShardCollector implements ShardSink {
  private final ByteArrayOutputStream[] shards;

  ShardCollector(int total) {
    shards =
        Stream.generate(ByteArrayOutputStream::new)
            .limit(total)
            .toArray(ByteArrayOutputStream[]::new);
  }

  @Override
  public void accept(int shard, byte[] bytes, int offset, int length) {
    shards[shard].write(bytes, offset, length);
  }

  byte[][] shards() {
    return IntStream.range(0, shards.length)
        .mapToObj(i -> shards[i].toByteArray())
        .toArray(byte[][]::new);
  }

  /** The shards of a file that comes in one go. */
  static byte[][] shards(Striping striping, byte[] file) throws IOException {
    ShardCollector collector = new ShardCollector(striping.total());
    ShardEncoder encoder = new ShardEncoder(striping, collector);
    encoder.update(ByteBuffer.wrap(file));
    encoder.finish();
    return collector.shards();
  }
}
