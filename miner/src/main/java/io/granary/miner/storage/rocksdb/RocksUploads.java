package io.granary.miner.storage.rocksdb;

import io.granary.miner.storage.StorageException;
import io.granary.miner.storage.UploadStore;
import io.granary.protocol.values.DealId;
import java.nio.ByteBuffer;

/** Durable bytes by deal id: version byte 1, then a uint64. */
record RocksUploads(RocksDatabase db) implements UploadStore {
  private static final byte VERSION = 1;

  @Override
  public long offset(DealId id) {
    byte[] value = db.get(RocksDatabase.Family.UPLOADS, id.hash().bytes());
    if (value == null) {
      return 0;
    }
    if (value.length != 9 || value[0] != VERSION) {
      throw new StorageException(
          "the upload record of deal "
              + id
              + " is damaged; delete the store's upload and start it again");
    }
    return ByteBuffer.wrap(value, 1, 8).getLong();
  }

  @Override
  public void advance(DealId id, long offset) {
    db.put(
        RocksDatabase.Family.UPLOADS,
        id.hash().bytes(),
        ByteBuffer.allocate(9).put(VERSION).putLong(offset).array());
  }

  @Override
  public void remove(DealId id) {
    db.delete(RocksDatabase.Family.UPLOADS, id.hash().bytes());
  }
}
