package io.granary.miner.storage.rocksdb;

import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.chain.TxCost;
import io.granary.protocol.chain.Urgency;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The transactions of one key. The family has those of all keys that ever were the operator's, by
 * sender and nonce, 28 bytes: after a rotation the new key's nonces are not the old one's. What
 * mined ones cost has the same keys in a family of its own.
 */
record RocksTransactions(RocksDatabase db, Address sender) implements TransactionJournal {
  private static final int VERSION = 1;
  private static final int DEPLOYS = 0;
  private static final int CALLS = 1;

  /** No transaction has it (EIP-2681). */
  private static final long NO_NONCE = -1;

  private byte[] key(long nonce) {
    return ByteBuffer.allocate(Address.BYTES + Long.BYTES)
        .put(sender.bytes())
        .putLong(nonce)
        .array();
  }

  @Override
  public List<Entry> open() {
    List<Entry> entries = new ArrayList<>();
    db.scan(
        RocksDatabase.Family.TRANSACTIONS,
        key(0),
        key(NO_NONCE),
        (key, value) -> {
          entries.add(decode(value));
          return true;
        });
    return entries;
  }

  @Override
  public void put(Entry entry) {
    db.put(RocksDatabase.Family.TRANSACTIONS, key(entry.nonce()), encode(entry));
  }

  @Override
  public void end(long nonce) {
    db.delete(RocksDatabase.Family.TRANSACTIONS, key(nonce));
  }

  @Override
  public void mined(TxCost cost) {
    byte[] key =
        ByteBuffer.allocate(Address.BYTES + Long.BYTES)
            .put(cost.sender().bytes())
            .putLong(cost.nonce())
            .array();
    db.write(
        batch -> {
          batch.put(RocksDatabase.Family.COSTS, key, encode(cost));
          batch.delete(RocksDatabase.Family.TRANSACTIONS, key(cost.nonce()));
        });
  }

  @Override
  public List<TxCost> costs() {
    return costs(db);
  }

  /** Of all keys that ever were the operator's. */
  static List<TxCost> costs(RocksDatabase db) {
    List<TxCost> costs = new ArrayList<>();
    db.scan(
        RocksDatabase.Family.COSTS,
        new byte[0],
        (key, value) -> {
          costs.add(decodeCost(value));
          return true;
        });
    return costs;
  }

  static byte[] encode(TxCost c) {
    return Fields.write(256 + 4 * c.operation().length(), VERSION)
        .address(c.sender())
        .u64(c.nonce())
        .hash(c.hash().hash())
        .text(c.operation())
        .u64(c.block().value())
        .u64(c.gas())
        .number(c.fee())
        .u8(c.succeeded() ? 1 : 0)
        .bytes();
  }

  static TxCost decodeCost(byte[] value) {
    return Fields.read(
        value,
        VERSION,
        "cost of a transaction",
        f ->
            new TxCost(
                f.address(),
                f.u64(),
                new TxHash(f.hash()),
                f.text(),
                new BlockNumber(f.u64()),
                f.u64(),
                f.number(),
                f.u8() == 1));
  }

  static byte[] encode(Entry e) {
    int capacity =
        512 + e.data().length + e.signed().stream().mapToInt(s -> s.raw().length + 256).sum();
    Fields f = Fields.write(capacity, VERSION).u64(e.nonce());
    f.u8(e.to().isPresent() ? CALLS : DEPLOYS);
    e.to().ifPresent(f::address);
    f.longBlob(e.data()).number(e.wei()).number(e.gas());
    f.u8(e.urgency().first() ? 1 : 0);
    f.u64(e.urgency().lastBlock().map(BlockNumber::value).orElse(-1L));
    f.number(e.urgency().mostWei().orElse(BigInteger.ZERO));
    f.u64(e.begunAt().value()).u64(e.since().toEpochMilli()).u32(e.signed().size());
    for (Signed s : e.signed()) {
      f.hash(s.hash().hash()).longBlob(s.raw()).number(s.tip()).number(s.maxFee());
      f.u8(s.nothing() ? 1 : 0);
    }
    return f.bytes();
  }

  static Entry decode(byte[] value) {
    return Fields.read(
        value,
        VERSION,
        "transaction",
        f -> {
          long nonce = f.u64();
          Optional<Address> to = f.u8() == CALLS ? Optional.of(f.address()) : Optional.empty();
          byte[] data = f.longBlob();
          BigInteger wei = f.number();
          BigInteger gas = f.number();
          Urgency urgency = urgency(f);
          BlockNumber begunAt = new BlockNumber(f.u64());
          Instant since = Instant.ofEpochMilli(f.u64());
          List<Signed> signed = new ArrayList<>();
          for (long n = f.u32(); n > 0; n--) {
            signed.add(
                new Signed(
                    new TxHash(f.hash()), f.longBlob(), f.number(), f.number(), f.u8() == 1));
          }
          return new Entry(nonce, to, data, wei, gas, urgency, begunAt, since, signed);
        });
  }

  private static Urgency urgency(Fields f) {
    boolean first = f.u8() == 1;
    long last = f.u64();
    BigInteger most = f.number();
    return new Urgency(
        first,
        last < 0 ? Optional.empty() : Optional.of(new BlockNumber(last)),
        most.signum() == 0 ? Optional.empty() : Optional.of(most));
  }
}
