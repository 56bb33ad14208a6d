package io.granary.proofs.challenge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.proofs.Hash32;
import io.granary.proofs.NaiveTree;
import io.granary.proofs.Sha256;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** The mirror of the proving set against a list of leaves that is written out in full. */
class ProvingSetProperties {
  private static final Hash32 SEED = Sha256.hash(new byte[] {7});

  private static SetEntry entry(int number, long leafCount, long end) {
    Hash32 id = Sha256.hash(ByteBuffer.allocate(4).putInt(number).array());
    return new SetEntry(id, Sha256.hash(id.bytes()), leafCount, end);
  }

  /** The set as the protocol says it: 33 lists. */
  private static final class Model {
    final List<List<SetEntry>> lists = new ArrayList<>();

    Model() {
      for (int h = 0; h <= 34; h++) {
        lists.add(new ArrayList<>());
      }
    }

    List<SetEntry> of(SetEntry e) {
      return lists.get(NaiveTree.height(e.leafCount()));
    }

    void remove(SetEntry e) {
      List<SetEntry> list = of(e);
      int at = list.indexOf(e);
      list.set(at, list.getLast());
      list.removeLast();
    }

    /** All places of all trees, padding included, in a row. */
    List<ProvingSet.Draw> places() {
      List<ProvingSet.Draw> places = new ArrayList<>();
      for (int h = 2; h <= 34; h++) {
        for (SetEntry e : lists.get(h)) {
          for (long leaf = 0; leaf < 1L << h; leaf++) {
            places.add(new ProvingSet.Draw(e, leaf));
          }
        }
      }
      return places;
    }

    List<ProvingSet.Draw> draw(long period, int k) {
      List<ProvingSet.Draw> places = places();
      List<ProvingSet.Draw> drawn = new ArrayList<>();
      for (int j = 0; j < 64 * k && drawn.size() < k && !places.isEmpty(); j++) {
        byte[] counter = new byte[32];
        ByteBuffer.wrap(counter).putInt(28, j);
        BigInteger r = new BigInteger(1, Sha256.hash(SEED.bytes(), counter).bytes());
        ProvingSet.Draw draw = places.get(r.mod(BigInteger.valueOf(places.size())).intValue());
        if (draw.leaf() < draw.entry().leafCount() && period < draw.entry().end()) {
          drawn.add(draw);
        }
      }
      return drawn.size() == k ? drawn : List.of();
    }
  }

  @Property(tries = 200)
  void any_history_draws_what_the_written_out_set_draws(
      @ForAll @Size(max = 40) List<@IntRange(max = 10_000) Integer> steps,
      @ForAll @IntRange(min = 1, max = 8) int k) {
    ProvingSet set = new ProvingSet();
    Model model = new Model();
    List<SetEntry> live = new ArrayList<>();
    for (int i = 0; i < steps.size(); i++) {
      int step = steps.get(i);
      if (step % 3 == 0 && !live.isEmpty()) {
        SetEntry e = live.remove(step / 3 % live.size());
        set.remove(e.dealId());
        model.remove(e);
      } else if (step % 3 == 1 && !live.isEmpty()) {
        int at = step / 3 % live.size();
        SetEntry e = live.get(at);
        SetEntry ended =
            new SetEntry(e.dealId(), e.sealedRoot(), e.leafCount(), Math.min(e.end(), 5));
        set.endAt(e.dealId(), 5);
        live.set(at, ended);
        model.of(e).set(model.of(e).indexOf(e), ended);
      } else {
        SetEntry e = entry(i, 4 * (1 + step % 20), 3 + step % 9);
        set.append(e);
        model.of(e).add(e);
        live.add(e);
      }
    }
    assertEquals(model.places().size(), set.weight());
    for (long period = 2; period < 8; period += 2) {
      assertEquals(model.draw(period, k), set.draw(SEED, period, k), "period " + period);
    }
  }

  @Property(tries = 100)
  void a_copy_keeps_what_a_reorg_takes_back(@ForAll @IntRange(min = 1, max = 12) int entries) {
    ProvingSet set = new ProvingSet();
    for (int i = 0; i < entries; i++) {
      set.append(entry(i, 4 + 4 * (i % 3), 100));
    }
    List<ProvingSet.Draw> before = set.draw(SEED, 1, 5);
    ProvingSet copy = set.copy();
    set.remove(entry(0, 4, 100).dealId());
    set.append(entry(99, 400, 100));
    set.endAt(entry(99, 400, 100).dealId(), 0);
    assertEquals(before, copy.draw(SEED, 1, 5));
    copy.remove(entry(0, 4, 100).dealId());
    assertTrue(set.contains(entry(99, 400, 100).dealId()));
  }

  @Example
  void what_cannot_be_is_said() {
    ProvingSet set = new ProvingSet();
    assertEquals(List.of(), set.draw(SEED, 0, 5), "no weight, no duty");
    SetEntry e = entry(1, 8, 10);
    set.append(e);
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> set.append(e))
            .getMessage()
            .contains(e.dealId().toHex()));
    assertEquals(8, set.weight(), "a refused entry leaves no trace");
    assertEquals(List.of(), set.draw(SEED, 10, 5), "ended: exhausted after 64 · k hashes");
    set.endAt(e.dealId(), 20);
    assertEquals(List.of(), set.draw(SEED, 10, 5), "an end is only ever lowered");
    assertThrows(NoSuchElementException.class, () -> set.remove(Hash32.ZERO));
    assertThrows(NoSuchElementException.class, () -> set.endAt(Hash32.ZERO, 1));
    assertThrows(IllegalArgumentException.class, () -> set.append(entry(2, 0, 1)));
  }

  @Property(tries = 100)
  void positions_are_the_seed_expanded(
      @ForAll @IntRange(min = 1, max = 1_000_000) int groups, @ForAll long salt) {
    Hash32 seed = Sha256.hash(ByteBuffer.allocate(8).putLong(salt).array());
    Hash32 deal = Sha256.hash(seed.bytes());
    long leafCount = 4L * groups;
    Hash32 own = Sha256.hash(seed.bytes(), deal.bytes());
    List<Long> seal = Positions.seal(seed, 6, leafCount);
    List<Long> audit = Positions.audit(seed, deal, leafCount);
    assertEquals(6, seal.size());
    assertEquals(4, audit.size());
    for (int i = 0; i < 6; i++) {
      byte[] counter = new byte[32];
      counter[31] = (byte) i;
      assertEquals(mod(Sha256.hash(seed.bytes(), counter), leafCount), seal.get(i));
      if (i < 4) {
        assertEquals(mod(Sha256.hash(own.bytes(), counter), leafCount), audit.get(i));
      }
    }
  }

  private static long mod(Hash32 hash, long modulus) {
    long r = 0;
    for (byte b : hash.bytes()) {
      r = ((r << 8) + (b & 0xff)) % modulus;
    }
    return r;
  }
}
