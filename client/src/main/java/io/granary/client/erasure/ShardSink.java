package io.granary.client.erasure;

import java.io.IOException;

/** Takes shards as they are made. */
@FunctionalInterface
public interface ShardSink {
  /**
   * The next bytes of one shard; they follow those of the call before for the same shard.
   *
   * @param shard 0 … n − 1
   * @param bytes is reused afterwards
   * @throws IOException when they cannot be taken; the encoder passes it on
   */
  void accept(int shard, byte[] bytes, int offset, int length) throws IOException;
}
