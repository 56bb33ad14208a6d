package io.granary.miner.testing;

import io.granary.miner.model.StoredDeal;
import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.piece.RawSize;
import io.granary.proofs.tree.Opening;
import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.chain.TxCost;
import io.granary.protocol.chain.Urgency;
import io.granary.protocol.crypto.Signature;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.PeriodProof;
import io.granary.protocol.deal.SignedPeriodProof;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Values of a seed, for tests of stores. */
public final class Samples {
  private Samples() {}

  private static byte[] bytes(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static Hash32 hash(Random random) {
    return Hash32.of(bytes(random, 32));
  }

  private static Address address(Random random) {
    return Address.of(bytes(random, 20));
  }

  /** A deal id of a seed. */
  public static DealId id(long seed) {
    return new DealId(Sha256.hash(BigInteger.valueOf(seed).toByteArray()));
  }

  /** A deal. */
  public static StoredDeal deal(long seed, RawSize size) {
    Random random = new Random(seed);
    DealProposal proposal =
        new DealProposal(
            address(random),
            address(random),
            address(random),
            hash(random),
            size,
            random.nextInt(256),
            Integer.toUnsignedLong(random.nextInt()),
            new TokenAmount(new BigInteger(96, random)),
            new TokenAmount(new BigInteger(random.nextInt(97), random)),
            new BlockNumber(random.nextLong(Long.MAX_VALUE)),
            new BlockNumber(random.nextLong(Long.MAX_VALUE)),
            hash(random),
            hash(random));
    return StoredDeal.accepted(
        id(seed),
        new SignedProposal(proposal, Signature.of(bytes(random, 65))),
        Instant.ofEpochMilli(random.nextLong(1L << 45)));
  }

  /** A period proof. */
  public static SignedPeriodProof proof(long seed, DealId id, long period) {
    Random random = new Random(seed);
    List<DualOpening> openings = new ArrayList<>();
    for (int i = 0; i < random.nextInt(5); i++) {
      int nodes = 3 + random.nextInt(33);
      openings.add(
          new DualOpening(
              random.nextLong(1L << 34),
              Opening.of(bytes(random, 32 * nodes)),
              Opening.of(bytes(random, 32 * nodes))));
    }
    PeriodProof proof = new PeriodProof(id, new Period(period), hash(random), openings);
    return new SignedPeriodProof(proof, Signature.of(bytes(random, 65)));
  }

  /** What a transaction cost. */
  public static TxCost cost(long sender, long nonce) {
    Random random = new Random(sender);
    return new TxCost(
        address(random),
        nonce,
        new TxHash(Sha256.hash(BigInteger.valueOf(nonce).toByteArray())),
        nonce % 2 == 0 ? "prove" : TxCost.NOTHING,
        new BlockNumber(nonce % 1_000),
        random.nextInt(1 << 30),
        new BigInteger(random.nextInt(100), random),
        nonce % 3 != 0);
  }

  /** An entry of a journal, with so many replacements. */
  public static TransactionJournal.Entry transaction(long nonce, int replaced) {
    Random random = new Random(nonce);
    byte[] data = new byte[random.nextInt(70_000)];
    random.nextBytes(data);
    TransactionJournal.Entry entry =
        new TransactionJournal.Entry(
            nonce,
            nonce % 3 == 0 ? Optional.empty() : Optional.of(Address.of(new byte[20])),
            data,
            BigInteger.valueOf(random.nextInt(100)),
            BigInteger.valueOf(150_000),
            nonce % 2 == 0
                ? Urgency.none()
                : Urgency.by(new BlockNumber(nonce + 5), BigInteger.TEN.pow(17)),
            new BlockNumber(nonce),
            Instant.ofEpochMilli(nonce),
            List.of());
    for (int i = 0; i <= replaced; i++) {
      entry =
          entry.plus(
              new TransactionJournal.Signed(
                  new TxHash(Sha256.hash(new byte[] {(byte) i})),
                  data,
                  BigInteger.valueOf(i),
                  BigInteger.TEN.pow(11),
                  i % 2 == 1));
    }
    return entry;
  }
}
