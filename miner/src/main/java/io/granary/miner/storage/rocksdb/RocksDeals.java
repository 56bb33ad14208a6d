package io.granary.miner.storage.rocksdb;

import io.granary.miner.model.StoredDeal;
import io.granary.miner.storage.DealStore;
import io.granary.protocol.values.DealId;
import java.util.ArrayList;
import java.util.List;

/** Deals by their 32-byte id. */
record RocksDeals(RocksDatabase db) implements DealStore {
  @Override
  public List<StoredDeal> all() {
    List<StoredDeal> deals = new ArrayList<>();
    db.scan(
        RocksDatabase.Family.DEALS,
        new byte[0],
        (key, value) -> deals.add(DealCodec.decode(value)));
    return deals;
  }

  @Override
  public void put(StoredDeal deal) {
    db.put(RocksDatabase.Family.DEALS, deal.id().hash().bytes(), DealCodec.encode(deal));
  }

  @Override
  public void remove(DealId id) {
    db.delete(RocksDatabase.Family.DEALS, id.hash().bytes());
  }
}
