package io.granary.miner.storage.rocksdb;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.granary.miner.model.StoredDeal;
import io.granary.miner.storage.StorageException;
import io.granary.miner.testing.Samples;
import io.granary.proofs.Sha256;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.TxCost;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.SignedPeriodProof;
import java.util.Arrays;
import java.util.function.Function;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.StringLength;

/**
 * Each stored value comes back as it went in, and nothing else comes out of other bytes but the
 * named fault.
 */
final class CodecProperties {
  private static StoredDeal deal(long seed, long size, DealStage stage, String reason) {
    StoredDeal deal =
        Samples.deal(seed, new RawSize(size))
            .sealed(Sha256.hash(new byte[] {(byte) seed}))
            .over(stage, reason);
    return seed % 2 == 0 ? deal.withoutData() : deal;
  }

  @Property(tries = 300)
  void dealsComeBack(
      @ForAll long seed,
      @ForAll @LongRange(min = 1, max = 1L << 38) long size,
      @ForAll DealStage stage,
      @ForAll @StringLength(max = 1_000) String reason) {
    // What UTF-8 cannot say, half of a surrogate pair, is no reason anybody gives.
    String sayable =
        new String(
            reason.getBytes(java.nio.charset.StandardCharsets.UTF_8),
            java.nio.charset.StandardCharsets.UTF_8);
    StoredDeal deal = deal(seed, size, stage, sayable);
    StoredDeal expected = stage == DealStage.SEALING ? deal.at(DealStage.UPLOADED) : deal;
    assertEquals(expected, DealCodec.decode(DealCodec.encode(deal)));
  }

  @Property(tries = 300)
  void proofsComeBack(
      @ForAll long seed, @ForAll @LongRange(min = 0, max = 0xFFFF_FFFFL) long period) {
    SignedPeriodProof proof = Samples.proof(seed, Samples.id(seed), period);
    assertEquals(proof, ProofCodec.decode(ProofCodec.encode(proof)));
  }

  @Property(tries = 100)
  void transactionsComeBack(
      @ForAll @LongRange(min = 0, max = 1L << 40) long nonce,
      @ForAll @IntRange(min = 0, max = 20) int replaced) {
    byte[] stored = RocksTransactions.encode(Samples.transaction(nonce, replaced));
    assertArrayEquals(stored, RocksTransactions.encode(RocksTransactions.decode(stored)));
  }

  @Property(tries = 300)
  void costsComeBack(@ForAll long sender, @ForAll @LongRange(min = 0) long nonce) {
    TxCost cost = Samples.cost(sender, nonce);
    assertEquals(cost, RocksTransactions.decodeCost(RocksTransactions.encode(cost)));
  }

  @Property(tries = 300)
  void mutatedCostsDecodeOrFailByName(
      @ForAll long sender, @ForAll @IntRange(min = 0, max = 200) int at, @ForAll byte value) {
    mutate(
        RocksTransactions.encode(Samples.cost(sender, 5)),
        at,
        value,
        RocksTransactions::decodeCost);
  }

  @Property(tries = 300)
  void mutatedTransactionsDecodeOrFailByName(
      @ForAll @LongRange(min = 0, max = 1_000) long nonce,
      @ForAll @IntRange(min = 0, max = 200) int at,
      @ForAll byte value) {
    mutate(
        RocksTransactions.encode(Samples.transaction(nonce, 1)),
        at,
        value,
        RocksTransactions::decode);
  }

  @Property(tries = 500)
  void mutatedDealsDecodeOrFailByName(
      @ForAll long seed, @ForAll @IntRange(min = 0, max = 600) int at, @ForAll byte value) {
    mutate(DealCodec.encode(deal(seed, 5, DealStage.ACTIVE, "why")), at, value, DealCodec::decode);
  }

  @Property(tries = 500)
  void mutatedProofsDecodeOrFailByName(
      @ForAll long seed, @ForAll @IntRange(min = 0, max = 9_000) int at, @ForAll byte value) {
    mutate(
        ProofCodec.encode(Samples.proof(seed, Samples.id(seed), 7)), at, value, ProofCodec::decode);
  }

  private static void mutate(byte[] bytes, int at, byte value, Function<byte[], ?> decode) {
    byte[] changed = bytes.clone();
    changed[at % bytes.length] = value;
    decodeOrFail(changed, decode);
    assertThrows(
        StorageException.class, () -> decode.apply(Arrays.copyOf(bytes, at % bytes.length)));
    assertThrows(
        StorageException.class, () -> decode.apply(Arrays.copyOf(bytes, bytes.length + 1)));
  }

  private static void decodeOrFail(byte[] bytes, Function<byte[], ?> decode) {
    try {
      assertNotNull(decode.apply(bytes));
    } catch (StorageException named) {
      assertEquals(StorageException.class, named.getClass());
    }
  }
}
