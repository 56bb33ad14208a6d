package io.granary.proofs.challenge;

import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.proofs.tree.TreeShape;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/**
 * A mirror of the contract's proving set of one miner, and its draw (Protocol §5.2, §5.3). Not safe
 * for several threads.
 */
public final class ProvingSet {
  /** Hashes per challenge before a draw gives up. */
  public static final int TRIES = 64;

  private record Slot(int height, int index) {}

  private final List<List<SetEntry>> byHeight = new ArrayList<>();
  private final Map<Hash32, Slot> slots = new HashMap<>();

  /** An empty set. */
  public ProvingSet() {
    for (int h = 0; h <= TreeShape.MAX_HEIGHT; h++) {
      byHeight.add(new ArrayList<>());
    }
  }

  /** The entries of one height, in the order of their slots. */
  public List<SetEntry> entries(int height) {
    return List.copyOf(byHeight.get(height));
  }

  /** A copy that changes no more with this one: what a reorg falls back to. */
  public ProvingSet copy() {
    ProvingSet copy = new ProvingSet();
    for (int h = 0; h < byHeight.size(); h++) {
      copy.byHeight.get(h).addAll(byHeight.get(h));
    }
    copy.slots.putAll(slots);
    return copy;
  }

  /**
   * Appends an entry to the array of its height.
   *
   * @throws IllegalArgumentException when the deal has an entry already
   */
  public void append(SetEntry entry) {
    int height = new TreeShape(entry.leafCount()).height();
    List<SetEntry> list = byHeight.get(height);
    if (slots.putIfAbsent(entry.dealId(), new Slot(height, list.size())) != null) {
      throw new IllegalArgumentException(
          "deal " + entry.dealId() + " has an entry already; remove it first");
    }
    list.add(entry);
  }

  /**
   * Removes an entry; the last one of its height takes its slot.
   *
   * @throws NoSuchElementException when the deal has none
   */
  public void remove(Hash32 dealId) {
    Slot slot = slotOf(dealId);
    List<SetEntry> list = byHeight.get(slot.height());
    SetEntry last = list.removeLast();
    if (slot.index() < list.size()) {
      list.set(slot.index(), last);
      slots.put(last.dealId(), slot);
    }
    slots.remove(dealId);
  }

  /**
   * Lowers an entry's end to a period, if it lies later.
   *
   * @throws NoSuchElementException when the deal has none
   */
  public void endAt(Hash32 dealId, long period) {
    Slot slot = slotOf(dealId);
    List<SetEntry> list = byHeight.get(slot.height());
    SetEntry e = list.get(slot.index());
    if (e.end() > period) {
      list.set(slot.index(), new SetEntry(e.dealId(), e.sealedRoot(), e.leafCount(), period));
    }
  }

  /**
   * Moves the end of a deal that was extended or shortened.
   *
   * @throws NoSuchElementException when the deal has none
   */
  public void moveEnd(Hash32 dealId, long period) {
    Slot slot = slotOf(dealId);
    List<SetEntry> list = byHeight.get(slot.height());
    SetEntry e = list.get(slot.index());
    list.set(slot.index(), new SetEntry(e.dealId(), e.sealedRoot(), e.leafCount(), period));
  }

  /** True when the deal has an entry. */
  public boolean contains(Hash32 dealId) {
    return slots.containsKey(dealId);
  }

  private Slot slotOf(Hash32 dealId) {
    Slot slot = slots.get(dealId);
    if (slot == null) {
      throw new NoSuchElementException("deal " + dealId + " has no entry in this proving set");
    }
    return slot;
  }

  /** Σ count · 2^height. */
  public long weight() {
    long weight = 0;
    for (int h = 0; h < byHeight.size(); h++) {
      weight += (long) byHeight.get(h).size() << h;
    }
    return weight;
  }

  /**
   * A drawn leaf.
   *
   * @param entry whose
   * @param leaf which
   */
  public record Draw(SetEntry entry, long leaf) {}

  /**
   * The draws of a period.
   *
   * @return exactly {@code count} draws, or none when the set has no weight or the draw is
   *     exhausted
   */
  public List<Draw> draw(Hash32 seed, long period, int count) {
    long weight = weight();
    List<Draw> draws = new ArrayList<>();
    if (weight == 0) {
      return draws;
    }
    BigInteger modulus = BigInteger.valueOf(weight);
    for (int hashes = 0; hashes < count * TRIES && draws.size() < count; hashes++) {
      Draw draw = locate(Sha256.expand(seed, hashes).mod(modulus).longValueExact());
      if (draw.leaf() < draw.entry().leafCount() && period < draw.entry().end()) {
        draws.add(draw);
      }
    }
    return draws.size() == count ? draws : List.of();
  }

  private Draw locate(long position) {
    long r = position;
    for (int h = 0; h < byHeight.size(); h++) {
      long w = (long) byHeight.get(h).size() << h;
      if (r < w) {
        return new Draw(byHeight.get(h).get((int) (r >>> h)), r & ((1L << h) - 1));
      }
      r -= w;
    }
    throw new IllegalStateException("position " + position + " lies beyond the weight");
  }
}
