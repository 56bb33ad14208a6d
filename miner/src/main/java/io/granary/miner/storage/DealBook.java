package io.granary.miner.storage;

import io.granary.miner.OperatorLog;
import io.granary.miner.model.Room;
import io.granary.miner.model.StoredDeal;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.DealKey;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * The deals in memory, as the store has them: every change is durable before anyone sees it. Safe
 * for several threads.
 */
public final class DealBook {
  /** Ends a subscription. */
  public interface Subscription extends AutoCloseable {
    @Override
    void close();
  }

  private final DealStore store;
  private final OperatorLog log;
  private final NavigableMap<DealId, StoredDeal> deals =
      new ConcurrentSkipListMap<>(Comparator.comparing(DealId::hash));
  private final Map<DealKey, DealId> keys = new ConcurrentHashMap<>();
  private final Map<DealId, List<Consumer<StoredDeal>>> watchers = new ConcurrentHashMap<>();

  /** Loads the deals of a store. */
  public DealBook(DealStore store, OperatorLog log) {
    this.store = store;
    this.log = log;
    store.all().forEach(this::remember);
  }

  private void remember(StoredDeal deal) {
    deals.put(deal.id(), deal);
    keys.put(DealKey.of(deal.id()), deal.id());
  }

  /** A deal. */
  public Optional<StoredDeal> find(DealId id) {
    return Optional.ofNullable(deals.get(id));
  }

  /** The deal of an entry of the proving set (Protocol §5.2). */
  public Optional<StoredDeal> find(DealKey key) {
    return Optional.ofNullable(keys.get(key)).flatMap(this::find);
  }

  /**
   * All deals, in the order of their ids: no copy, but what there is when it is walked through,
   * because the loops do so at each block.
   */
  public Collection<StoredDeal> all() {
    return Collections.unmodifiableCollection(deals.values());
  }

  /** The same from an id on, whether there is such a deal or not. */
  public Collection<StoredDeal> from(DealId id) {
    return Collections.unmodifiableCollection(deals.tailMap(id).values());
  }

  /** Counts the room taken. */
  public Room room(long capacityBytes) {
    return Room.count(capacityBytes, deals.values());
  }

  /** Adds a deal. */
  public synchronized void add(StoredDeal deal) {
    store.put(deal);
    remember(deal);
    tell(deal);
  }

  /**
   * Changes a deal.
   *
   * @throws IllegalArgumentException when there is none of that id
   */
  public synchronized StoredDeal change(DealId id, UnaryOperator<StoredDeal> change) {
    StoredDeal before = deals.get(id);
    if (before == null) {
      throw new IllegalArgumentException("this miner has no deal " + id);
    }
    StoredDeal after = change.apply(before);
    if (!after.equals(before)) {
      store.put(after);
      deals.put(id, after);
      logChange(before, after);
      tell(after);
    }
    return after;
  }

  /** Forgets a deal that is over and has nothing on disk any more; others stay. */
  public synchronized void forget(DealId id) {
    StoredDeal deal = deals.get(id);
    if (deal != null && deal.isOver() && deal.dataDeleted()) {
      store.remove(id);
      deals.remove(id);
      keys.remove(DealKey.of(id), id);
      log.forgotten(id);
    }
  }

  private void logChange(StoredDeal before, StoredDeal after) {
    if (after.stage() != before.stage()) {
      if (after.stage() == DealStage.ENDED || after.stage() == DealStage.FAILED) {
        log.over(after.id(), after.stage(), after.reason());
      } else {
        log.stage(after.id(), after.stage());
      }
    }
  }

  private void tell(StoredDeal deal) {
    List<Consumer<StoredDeal>> all = watchers.getOrDefault(deal.id(), List.of());
    for (Consumer<StoredDeal> watcher : all) {
      try {
        watcher.accept(deal);
      } catch (RuntimeException e) {
        // A peer that went away must not stop the change that it watches.
        all.remove(watcher);
        log.watcherFailed(deal.id(), e);
      }
    }
  }

  /** Tells a watcher at each change of a deal; it must return at once. */
  public Subscription watch(DealId id, Consumer<StoredDeal> watcher) {
    watchers.compute(
        id,
        (key, list) -> {
          List<Consumer<StoredDeal>> all = list == null ? new CopyOnWriteArrayList<>() : list;
          all.add(watcher);
          return all;
        });
    return () ->
        watchers.computeIfPresent(
            id,
            (key, list) -> {
              list.remove(watcher);
              return list.isEmpty() ? null : list;
            });
  }

  /**
   * Tells the watchers of a deal that something beside the stored deal changed, such as the
   * progress of its sealing.
   */
  public void nudge(DealId id) {
    find(id).ifPresent(this::tell);
  }
}
