package io.granary.contracts.tx;

import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.chain.TxCost;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;

/** For a process that does one thing and ends. */
public final class MemoryJournal implements TransactionJournal {
  private final ConcurrentSkipListMap<Long, Entry> entries = new ConcurrentSkipListMap<>();
  private final ConcurrentSkipListMap<Long, TxCost> costs = new ConcurrentSkipListMap<>();

  @Override
  public List<Entry> open() {
    return List.copyOf(entries.values());
  }

  @Override
  public void put(Entry entry) {
    entries.put(entry.nonce(), entry);
  }

  @Override
  public void end(long nonce) {
    entries.remove(nonce);
  }

  @Override
  public void mined(TxCost cost) {
    costs.put(cost.nonce(), cost);
    end(cost.nonce());
  }

  @Override
  public List<TxCost> costs() {
    return List.copyOf(costs.values());
  }
}
