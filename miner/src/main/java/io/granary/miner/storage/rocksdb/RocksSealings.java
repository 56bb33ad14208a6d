package io.granary.miner.storage.rocksdb;

import io.granary.miner.storage.SealingStore;
import io.granary.proofs.Hash32;
import io.granary.proofs.seal.SealedRange;
import io.granary.protocol.values.DealId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Sealed ranges by deal id ‖ uint32 index: version byte 1, uint32 sum, sealed root, and the piece
 * root when there is one.
 */
record RocksSealings(RocksDatabase db) implements SealingStore {
  private static final int VERSION = 1;
  private static final String WHAT = "sealed range";

  private static byte[] key(DealId id, long index) {
    return ByteBuffer.allocate(36).put(id.hash().bytes()).putInt((int) index).array();
  }

  /** Greater than every key of the deal: no range has the greatest index. */
  private static byte[] end(DealId id) {
    return key(id, 0xFFFF_FFFFL);
  }

  @Override
  public List<SealedRange> ranges(DealId id) {
    List<SealedRange> ranges = new ArrayList<>();
    db.scan(
        RocksDatabase.Family.SEALINGS,
        key(id, 0),
        end(id),
        (key, value) ->
            ranges.add(decode(Integer.toUnsignedLong(ByteBuffer.wrap(key).getInt(32)), value)));
    return ranges;
  }

  private static SealedRange decode(long index, byte[] value) {
    return Fields.read(
        value,
        VERSION,
        WHAT,
        in -> {
          int sum = (int) in.u32();
          Hash32 sealedRoot = in.hash();
          return new SealedRange(
              index, sum, sealedRoot, in.u8() == 0 ? Optional.empty() : Optional.of(in.hash()));
        });
  }

  @Override
  public void add(DealId id, SealedRange range) {
    Fields out = Fields.write(80, VERSION).u32(range.sum()).hash(range.sealedRoot());
    range.pieceRoot().ifPresentOrElse(root -> out.u8(1).hash(root), () -> out.u8(0));
    db.put(RocksDatabase.Family.SEALINGS, key(id, range.index()), out.bytes());
  }

  @Override
  public void remove(DealId id) {
    db.write(batch -> batch.deleteRange(RocksDatabase.Family.SEALINGS, key(id, 0), end(id)));
  }

  @Override
  public Set<DealId> deals() {
    Set<DealId> deals = new HashSet<>();
    db.scan(
        RocksDatabase.Family.SEALINGS,
        new byte[0],
        new byte[0],
        (key, value) -> {
          deals.add(new DealId(Hash32.at(key, 0)));
          return true;
        });
    return deals;
  }
}
