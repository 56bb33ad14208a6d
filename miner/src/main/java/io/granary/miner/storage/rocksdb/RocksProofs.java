package io.granary.miner.storage.rocksdb;

import io.granary.miner.storage.ProofStore;
import io.granary.proofs.Hash32;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/**
 * Period proofs by uint32 period ‖ deal id, so that old ones go in one range. The outbox has the
 * same keys; its values are the signatures of the proofs it stands for.
 */
final class RocksProofs implements ProofStore {
  private final RocksDatabase db;
  private final AtomicLong unanswered;

  RocksProofs(RocksDatabase db) {
    this.db = db;
    this.unanswered = new AtomicLong(count(new byte[0]));
  }

  private static byte[] key(DealId id, Period period) {
    return ByteBuffer.allocate(36).putInt((int) period.index()).put(id.hash().bytes()).array();
  }

  private static byte[] key(SignedPeriodProof proof) {
    return key(proof.proof().dealId(), proof.proof().period());
  }

  private static byte[] bound(Period period) {
    return ByteBuffer.allocate(4).putInt((int) period.index()).array();
  }

  @Override
  public synchronized void put(List<SignedPeriodProof> proofs, boolean push) {
    List<SignedPeriodProof> added =
        push
            ? proofs.stream()
                .filter(p -> db.get(RocksDatabase.Family.OUTBOX, key(p)) == null)
                .toList()
            : List.of();
    db.write(
        batch -> {
          for (SignedPeriodProof proof : proofs) {
            batch.put(RocksDatabase.Family.PROOFS, key(proof), ProofCodec.encode(proof));
            if (push) {
              batch.put(RocksDatabase.Family.OUTBOX, key(proof), proof.signature().bytes());
            }
          }
        });
    unanswered.addAndGet(added.size());
  }

  @Override
  public Optional<SignedPeriodProof> find(DealId id, Period period) {
    return Optional.ofNullable(db.get(RocksDatabase.Family.PROOFS, key(id, period)))
        .map(ProofCodec::decode);
  }

  @Override
  public Map<DealId, Hash32> seeds(Period period) {
    Map<DealId, Hash32> seeds = new HashMap<>();
    db.scan(
        RocksDatabase.Family.PROOFS,
        bound(period),
        new byte[0],
        (key, value) -> {
          boolean same = Arrays.equals(key, 0, 4, bound(period), 0, 4);
          if (same) {
            seeds.put(dealOf(key), ProofCodec.seed(value));
          }
          return same;
        });
    return seeds;
  }

  private static DealId dealOf(byte[] key) {
    return new DealId(Hash32.at(key, 4));
  }

  @Override
  public List<Key> outbox(Predicate<DealId> wanted, int limit) {
    List<Key> keys = new ArrayList<>();
    db.scan(
        RocksDatabase.Family.OUTBOX,
        new byte[0],
        (key, value) -> {
          DealId deal = dealOf(key);
          if (wanted.test(deal)) {
            keys.add(
                new Key(deal, new Period(Integer.toUnsignedLong(ByteBuffer.wrap(key).getInt()))));
          }
          return keys.size() < limit;
        });
    return keys;
  }

  @Override
  public long outboxSize() {
    return unanswered.get();
  }

  private long count(byte[] end) {
    long[] n = new long[1];
    db.scan(
        RocksDatabase.Family.OUTBOX,
        end,
        (key, value) -> {
          n[0]++;
          return true;
        });
    return n[0];
  }

  @Override
  public synchronized void answered(List<SignedPeriodProof> proofs) {
    List<byte[]> keys = new ArrayList<>();
    for (SignedPeriodProof proof : proofs) {
      byte[] key = key(proof);
      if (Arrays.equals(db.get(RocksDatabase.Family.OUTBOX, key), proof.signature().bytes())) {
        keys.add(key);
      }
    }
    db.write(
        batch -> {
          for (byte[] key : keys) {
            batch.delete(RocksDatabase.Family.OUTBOX, key);
          }
        });
    unanswered.addAndGet(-keys.size());
  }

  @Override
  public synchronized long dropBefore(Period period) {
    if (period.index() == 0) {
      return 0;
    }
    long dropped = count(bound(period));
    db.write(
        batch -> {
          batch.deleteRange(RocksDatabase.Family.PROOFS, new byte[0], bound(period));
          batch.deleteRange(RocksDatabase.Family.OUTBOX, new byte[0], bound(period));
        });
    unanswered.addAndGet(-dropped);
    return dropped;
  }
}
