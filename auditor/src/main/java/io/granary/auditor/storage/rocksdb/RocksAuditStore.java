package io.granary.auditor.storage.rocksdb;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.granary.auditor.storage.AuditRecord;
import io.granary.auditor.storage.AuditStore;
import io.granary.auditor.storage.WatchedDeal;
import io.granary.proofs.Hash32;
import io.granary.protocol.crypto.Signature;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.DBOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * Column families: {@code meta} (layout version, next block), {@code deals} (id → JSON of proposal
 * and sealed root), {@code records} (id ‖ period → JSON), {@code proofs} (id ‖ period → the signed
 * proof as it came). Every write waits for the log.
 */
public final class RocksAuditStore implements AuditStore {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final byte[] VERSION = bytes("version");
  private static final byte[] NEXT = bytes("next-block");
  private static final String LAYOUT = "1";
  private static final List<String> FAMILIES =
      List.of("default", "meta", "deals", "records", "proofs");
  // A proposal is kept as it was published; the chain has checked the client's signature, which the
  // event does not carry.
  private static final Signature NO_SIGNATURE = Signature.of(new byte[Signature.BYTES]);

  private final RocksDB db;
  private final DBOptions options;
  private final WriteOptions sync = new WriteOptions().setSync(true);
  private final List<ColumnFamilyHandle> handles;

  private RocksAuditStore(RocksDB db, DBOptions options, List<ColumnFamilyHandle> handles) {
    this.db = db;
    this.options = options;
    this.handles = handles;
  }

  /**
   * Opens or creates a store.
   *
   * @throws IOException when another process has it open, it cannot be read, or its layout is
   *     another version's
   */
  public static RocksAuditStore open(Path directory) throws IOException {
    RocksDB.loadLibrary();
    Files.createDirectories(directory);
    DBOptions options =
        new DBOptions().setCreateIfMissing(true).setCreateMissingColumnFamilies(true);
    List<ColumnFamilyHandle> handles = new ArrayList<>();
    List<ColumnFamilyDescriptor> families =
        FAMILIES.stream().map(f -> new ColumnFamilyDescriptor(bytes(f))).toList();
    try {
      RocksDB db = RocksDB.open(options, directory.toString(), families, handles);
      RocksAuditStore store = new RocksAuditStore(db, options, handles);
      store.checkVersion(directory);
      return store;
    } catch (RocksDBException e) {
      options.close();
      throw new IOException(
          "cannot open the store "
              + directory
              + " ("
              + e.getMessage()
              + "): stop the process that uses it, or restore it from a backup",
          e);
    }
  }

  private void checkVersion(Path directory) throws RocksDBException, IOException {
    byte[] version = db.get(handles.get(1), VERSION);
    if (version == null) {
      db.put(handles.get(1), sync, VERSION, bytes(LAYOUT));
    } else if (!Arrays.equals(version, bytes(LAYOUT))) {
      close();
      throw new IOException(
          directory
              + " has layout "
              + new String(version, StandardCharsets.UTF_8)
              + ", this program knows "
              + LAYOUT
              + ": use the program that wrote it");
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] key(DealId id, Period period) {
    return ByteBuffer.allocate(36).put(id.hash().bytes()).putInt((int) period.index()).array();
  }

  @FunctionalInterface
  private interface Change {
    void into(WriteBatch batch) throws RocksDBException, IOException;
  }

  private void write(Change change) {
    try (WriteBatch batch = new WriteBatch()) {
      change.into(batch);
      db.write(sync, batch);
    } catch (RocksDBException e) {
      throw new UncheckedIOException(
          new IOException(
              "the auditor's store refused a write (" + e.getMessage() + "): check the disk", e));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Optional<byte[]> read(int family, byte[] key) {
    try {
      return Optional.ofNullable(db.get(handles.get(family), key));
    } catch (RocksDBException e) {
      throw new UncheckedIOException(
          new IOException(
              "the auditor's store cannot be read (" + e.getMessage() + "): check the disk", e));
    }
  }

  @Override
  public void watch(List<WatchedDeal> deals, BlockNumber seenUpTo) {
    write(
        batch -> {
          for (WatchedDeal deal : deals) {
            batch.put(handles.get(2), deal.id().hash().bytes(), encode(deal));
          }
          batch.put(handles.get(1), NEXT, bytes(Long.toString(seenUpTo.value() + 1)));
        });
  }

  @Override
  public void rewind(BlockNumber next) {
    write(batch -> batch.put(handles.get(1), NEXT, bytes(next.toString())));
  }

  @Override
  public Optional<BlockNumber> nextBlock() {
    return read(1, NEXT)
        .map(b -> new BlockNumber(Long.parseLong(new String(b, StandardCharsets.UTF_8))));
  }

  private static byte[] encode(WatchedDeal deal) throws IOException {
    ObjectNode json = JSON.createObjectNode();
    json.put(
        "proposal",
        Base64.getEncoder()
            .encodeToString(Wire.encode(new SignedProposal(deal.terms(), NO_SIGNATURE))));
    json.put("sealedRoot", deal.sealedRoot().toHex());
    return JSON.writeValueAsBytes(json);
  }

  private static WatchedDeal decodeDeal(byte[] key, byte[] value) {
    JsonNode json = parse(value);
    SignedProposal proposal =
        Wire.decodeProposal(Base64.getDecoder().decode(json.path("proposal").asText()));
    return new WatchedDeal(
        new DealId(Hash32.of(key)),
        proposal.proposal(),
        Hash32.fromHex(json.path("sealedRoot").asText()));
  }

  private static JsonNode parse(byte[] value) {
    try {
      return JSON.readTree(value);
    } catch (IOException e) {
      throw new UncheckedIOException("the auditor's store is damaged: restore it from a backup", e);
    }
  }

  @Override
  public Optional<WatchedDeal> deal(DealId id) {
    return read(2, id.hash().bytes()).map(v -> decodeDeal(id.hash().bytes(), v));
  }

  @Override
  public List<WatchedDeal> deals() {
    List<WatchedDeal> deals = new ArrayList<>();
    try (RocksIterator i = db.newIterator(handles.get(2))) {
      for (i.seekToFirst(); i.isValid(); i.next()) {
        deals.add(decodeDeal(i.key(), i.value()));
      }
    }
    return deals;
  }

  @Override
  public void keep(SignedPeriodProof proof, AuditRecord record) {
    byte[] key = key(proof.proof().dealId(), proof.proof().period());
    write(
        batch -> {
          batch.put(handles.get(4), key, Wire.encode(proof));
          batch.put(handles.get(3), key, encode(record));
        });
  }

  @Override
  public void note(DealId id, AuditRecord record) {
    write(batch -> batch.put(handles.get(3), key(id, record.period()), encode(record)));
  }

  private static byte[] encode(AuditRecord r) throws IOException {
    ObjectNode json = JSON.createObjectNode();
    json.put("verdict", r.verdict().name());
    json.put("reason", r.reason());
    json.put("at", r.receivedAt().getEpochSecond());
    return JSON.writeValueAsBytes(json);
  }

  private static AuditRecord decodeRecord(Period period, byte[] value) {
    JsonNode json = parse(value);
    return new AuditRecord(
        period,
        AuditRecord.Verdict.valueOf(json.path("verdict").asText()),
        json.path("reason").asText(),
        Instant.ofEpochSecond(json.path("at").asLong()));
  }

  @Override
  public Optional<AuditRecord> record(DealId id, Period period) {
    return read(3, key(id, period)).map(v -> decodeRecord(period, v));
  }

  @Override
  public List<AuditRecord> records(DealId id, Period from, int limit) {
    List<AuditRecord> records = new ArrayList<>();
    byte[] prefix = id.hash().bytes();
    try (RocksIterator i = db.newIterator(handles.get(3))) {
      for (i.seek(key(id, from)); i.isValid() && records.size() < limit; i.next()) {
        byte[] key = i.key();
        if (!Arrays.equals(key, 0, 32, prefix, 0, 32)) {
          break;
        }
        long period = Integer.toUnsignedLong(ByteBuffer.wrap(key, 32, 4).getInt());
        records.add(decodeRecord(new Period(period), i.value()));
      }
    }
    return records;
  }

  @Override
  public void close() {
    handles.forEach(ColumnFamilyHandle::close);
    db.close();
    options.close();
    sync.close();
  }
}
