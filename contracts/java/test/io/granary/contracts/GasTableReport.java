package io.granary.contracts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.contracts.devnet.Faucet;
import io.granary.proofs.Hash32;
import io.granary.proofs.LeafIndex;
import io.granary.proofs.challenge.Positions;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.piece.PieceCommitment;
import io.granary.proofs.piece.PieceHasher;
import io.granary.proofs.seal.Replica;
import io.granary.proofs.seal.ReplicaFiles;
import io.granary.proofs.seal.SealedPiece;
import io.granary.proofs.seal.Sealer;
import io.granary.protocol.chain.BatchResult;
import io.granary.protocol.chain.DrawnLeaf;
import io.granary.protocol.chain.MinerMarket;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.channel.SignedVoucher;
import io.granary.protocol.channel.Voucher;
import io.granary.protocol.crypto.ChannelDigests;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.DealKey;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.web3j.crypto.Hash;
import org.web3j.utils.Numeric;

/**
 * Makes docs/gas.md from real transactions on a local chain (osaka). Not part of the tests: {@code
 * tools/gas.sh} runs it. Every deal is really sealed, published and activated; replicas are deleted
 * after activation and sealed again when drawn, because a thousand of them would take 32 GiB.
 */
class GasTableReport {
  /** 2^20 leaves. */
  private static final int PIECE = 127 << 18;

  private static final int PERIODS = 300;
  private static final int BATCH = 20;

  @TempDir Path dir;
  private DevMarket market;
  private byte[] data = new byte[0];
  private PieceCommitment piece = new PieceCommitment(Hash32.ZERO, 0);
  private final Map<DealKey, DealProposal> deals = new HashMap<>();
  private final StringBuilder table = new StringBuilder();

  private ReplicaFiles files(DealId id) {
    String n = id.hash().toHex().substring(0, 12);
    return new ReplicaFiles(dir.resolve(n + ".r"), dir.resolve(n + ".s"), dir.resolve(n + ".p"));
  }

  private SealedPiece seal(DealProposal p) throws IOException {
    DealId id = market.idOf(p);
    return new Sealer(id.hash(), 1, p.size())
        .seal(
            (at, target, n) -> System.arraycopy(data, (int) at, target, 0, n),
            files(id),
            2,
            done -> {});
  }

  private void delete(DealProposal p) throws IOException {
    ReplicaFiles f = files(market.idOf(p));
    Files.deleteIfExists(f.replica());
    Files.deleteIfExists(f.sealedTree());
    Files.deleteIfExists(f.pieceTree());
  }

  private Replica open(DealProposal p) throws IOException {
    return Replica.open(market.idOf(p).hash(), 1, p.size(), files(market.idOf(p)));
  }

  private static long gas(TxResult result) {
    return result.orThrow().gasUsed();
  }

  private void row(String operation, long gas, String note) {
    table
        .append("| ")
        .append(operation)
        .append(" | ")
        .append(String.format(java.util.Locale.ROOT, "%,d", gas))
        .append(" | ")
        .append(note)
        .append(" |\n");
  }

  /** Publishes and activates so many deals; returns the gas of the two transactions. */
  private long[] add(int count) throws IOException {
    List<DealProposal> batch = new ArrayList<>();
    List<MinerMarket.Publication> publications = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      DealProposal p = market.proposal(piece, PERIODS);
      batch.add(p);
      publications.add(new MinerMarket.Publication(market.sign(p), seal(p).sealedRoot()));
    }
    BatchResult published = market.operator.actions().publish(publications);
    assertTrue(
        published.items().stream().allMatch(i -> i.ok()), () -> published.items().toString());
    market.leaveFreeze();
    List<MinerMarket.Activation> activations = new ArrayList<>();
    for (DealProposal p : batch) {
      DealId id = market.idOf(p);
      var seed =
          market
              .client
              .queries()
              .sealSeed(id, market.client.queries().deal(id).orElseThrow().sealBlock())
              .orElseThrow();
      List<DualOpening> openings = new ArrayList<>();
      try (Replica replica = open(p)) {
        for (long leaf :
            Positions.seal(seed, market.client.terms().sealChallenges(), p.size().leafCount())) {
          openings.add(replica.openBoth(leaf));
        }
      }
      activations.add(new MinerMarket.Activation(p, DualOpening.pack(openings)));
      deals.put(DealKey.of(id), p);
    }
    BatchResult activated = market.operator.actions().activate(activations);
    assertTrue(
        activated.items().stream().allMatch(i -> i.ok()), () -> activated.items().toString());
    for (DealProposal p : batch) {
      delete(p);
    }
    return new long[] {gas(published.tx()), gas(activated.tx())};
  }

  private long prove() throws IOException {
    Period period = market.currentPeriod();
    if (market.head()
        >= market.client.queries().clock(market.miner()).challengeBlock(period.index())) {
      market.minePast(period);
      period = market.currentPeriod();
    }
    market.mineToDraw(period);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (DrawnLeaf drawn : market.client.queries().drawnLeaves(market.miner(), period)) {
      DealProposal p = deals.get(drawn.deal());
      if (!Files.exists(files(market.idOf(p)).replica())) {
        seal(p);
      }
      try (Replica replica = open(p)) {
        out.writeBytes(replica.openSealed(drawn.leaf().value()).packed());
      }
    }
    return gas(market.operator.actions().prove(market.miner(), period, out.toByteArray()));
  }

  /** Extends deals at their price; returns the gas of the transaction. */
  private long extend(List<DealProposal> batch) {
    BatchResult extended =
        market
            .operator
            .actions()
            .extend(
                batch.stream()
                    .map(p -> market.extension(p, PERIODS, p.price().share(1, p.periods())))
                    .toList());
    assertTrue(extended.items().stream().allMatch(i -> i.ok()), () -> extended.items().toString());
    return gas(extended.tx());
  }

  /** What settling costs those who do it once in a while. */
  private void settleAfterManyPeriods(DealId first, int count) throws IOException {
    while (deals.size() < count) {
      add(Math.min(BATCH, count - deals.size()));
    }
    List<DealId> ids =
        deals.values().stream().map(market::idOf).filter(id -> !id.equals(first)).toList();
    market.operator.actions().settle(ids).orThrow();
    for (int i = 0; i < 30; i++) {
      prove();
    }
    row(
        "settle one deal",
        gas(market.operator.actions().settle(List.of(first))),
        "after 30 periods");
    row(
        "settle, per deal in a batch of " + ids.size(),
        gas(market.operator.actions().settle(ids)) / ids.size(),
        "after 30 periods");
  }

  /** The second of two proofs in the same word of the bitmap: the steady state. */
  private long steadyProof() throws IOException {
    prove();
    return prove();
  }

  /** Answers a demand on a deal, opened in both trees. */
  private long answer(DealProposal p, long leaf) throws IOException {
    market.client.actions().demand(p, new LeafIndex(leaf), BigInteger.TEN.pow(17)).orThrow();
    seal(p);
    try (Replica replica = open(p)) {
      byte[] openings = DualOpening.pack(List.of(replica.openBoth(leaf)));
      BatchResult answered =
          market.operator.actions().answer(List.of(new MinerMarket.Answer(p, false, openings)));
      assertTrue(
          answered.items().stream().allMatch(i -> i.ok()), () -> answered.items().toString());
      return gas(answered.tx());
    }
  }

  private long redeem(long total) {
    ChannelGateway channel = market.operator.channels(market.deployment.channels().orElseThrow());
    Voucher voucher =
        new Voucher(market.clientKey.address(), market.miner(), TokenAmount.of(total));
    return gas(
        channel
            .redeem(
                List.of(
                    new SignedVoucher(
                        voucher,
                        market.clientKey.sign(ChannelDigests.voucher(channel.domain(), voucher)))))
            .tx());
  }

  /** What retrieval costs on chain: the second voucher of a channel. */
  private void redeemRow() {
    market
        .client
        .channels(market.deployment.channels().orElseThrow())
        .deposit(market.miner(), TokenAmount.of(1_000))
        .orThrow();
    redeem(1);
    row("redeem a voucher", redeem(2), "not the channel's first");
  }

  /** Trees of ten heights, so that draws and their paths differ. */
  private void tenHeightsRow() throws IOException {
    deals.clear();
    PieceCommitment whole = piece;
    try (DevMarket m = new DevMarket(dir.resolve("heights"))) {
      market = m;
      for (int height = 20; height > 10; height--) {
        commitTo(127 << (height - 2));
        // As many leaves of each height as a batch allows, so that draws hit several heights.
        add(Math.min(BATCH, 1 << (20 - height)));
      }
      row("prove, k = 5, deals of 10 heights", steadyProof(), "2^11 … 2^20 leaves, steady state");
    }
    piece = whole;
  }

  /** Thousands of deals lock more than a test market's parties are given. */
  private void fund(int count) {
    TokenAmount tokens = TokenAmount.parseTokens("1").times(count);
    try (Faucet faucet = new Faucet(market.anvil.endpoint(), market.deployment.token())) {
      faucet.give(market.clientKey.address(), 10, tokens);
      faucet.give(market.ownerKey.address(), 10, tokens);
    }
    market.client.actions().deposit(tokens).orThrow();
    market.owner.actions().deposit(tokens).orThrow();
  }

  private void commitTo(int size) {
    PieceHasher hasher = new PieceHasher();
    hasher.update(data, 0, size);
    piece = hasher.finish();
  }

  /** The same in a market of RANDAO seeds, whose proofs carry a header. */
  private void randaoRow() throws IOException {
    deals.clear();
    try (DevMarket m = new DevMarket(dir.resolve("randao"), SeedKind.RANDAO)) {
      market = m;
      add(1);
      row(
          "prove, k = 5, 1 deal, RANDAO seeds",
          steadyProof(),
          "steady state; a full bloom costs up to 7,680 more");
    }
  }

  private static int setting(String name, String otherwise) {
    return Integer.parseInt(System.getenv().getOrDefault(name, otherwise));
  }

  // ---------------------------------------------------------------- a set that is larger than what
  // was sealed

  private static BigInteger slot(BigInteger key, BigInteger at) {
    byte[] both = new byte[64];
    System.arraycopy(Numeric.toBytesPadded(key, 32), 0, both, 0, 32);
    System.arraycopy(Numeric.toBytesPadded(at, 32), 0, both, 32, 32);
    return new BigInteger(1, Hash.sha3(both));
  }

  private static String word(BigInteger value) {
    return Numeric.toHexStringWithPrefixZeroPadded(value, 64);
  }

  private BigInteger read(BigInteger slot) {
    String market = this.market.deployment.market().toString();
    Object value = this.market.anvil.ask("eth_getStorageAt", List.of(market, word(slot), "latest"));
    return Numeric.toBigInt(value.toString());
  }

  private void write(BigInteger slot, BigInteger value) {
    market.anvil.ask(
        "anvil_setStorageAt",
        List.of(market.deployment.market().toString(), word(slot), word(value)));
  }

  /**
   * The miner's set with so many entries, those beyond the real ones being their copies: whichever
   * is drawn, there is a replica that opens it. Sealing ten thousand deals would take hours, and
   * what a proof costs depends on the set's words alone ({@code ProvingSet}, {@code MarketState}).
   */
  private void fillUp(int count) {
    int height = 20;
    BigInteger miner = Numeric.toBigInt(market.miner().toString());
    BigInteger weight = BigInteger.valueOf(market.client.queries().setWeight(market.miner()));
    BigInteger mask = BigInteger.ONE.shiftLeft(72).subtract(BigInteger.ONE);
    BigInteger set =
        IntStream.range(0, 8)
            .mapToObj(base -> slot(miner, BigInteger.valueOf(base + 2)))
            .filter(at -> read(at).and(mask).equals(weight))
            .findFirst()
            .orElseThrow();
    BigInteger entries = slot(BigInteger.valueOf(height), set.add(BigInteger.TWO));
    int real = deals.size();
    List<BigInteger[]> words = new ArrayList<>();
    for (int i = 0; i < real; i++) {
      BigInteger at = slot(BigInteger.valueOf(i), entries);
      words.add(new BigInteger[] {read(at), read(at.add(BigInteger.ONE))});
    }
    for (int i = real; i < count; i++) {
      BigInteger at = slot(BigInteger.valueOf(i), entries);
      write(at, words.get(i % real)[0]);
      write(at.add(BigInteger.ONE), words.get(i % real)[1]);
    }
    BigInteger counts = slot(BigInteger.valueOf(height >> 3), set.add(BigInteger.ONE));
    int lane = (height & 7) << 5;
    write(counts, read(counts).add(BigInteger.valueOf(count - real).shiftLeft(lane)));
    write(set, read(set).add(BigInteger.valueOf(count - real).shiftLeft(height)));
    assertEquals((long) count << height, market.client.queries().setWeight(market.miner()));
  }

  @Test
  void make_the_table() throws IOException {
    int most = setting("GRANARY_GAS_DEALS", "1000");
    int filled = Math.max(most + 1, setting("GRANARY_GAS_ENTRIES", "10000"));
    try (DevMarket m = new DevMarket(dir)) {
      market = m;
      data = m.data(PIECE);
      commitTo(PIECE);
      row(
          "deposit with permit",
          gas(m.client.actions().deposit(TokenAmount.of(1))),
          "later deposits");
      long[] one = add(1);
      row("publish, one deal", one[0], "first deal of the miner");
      row("activate, one deal (s = 2)", one[1], "first deal of the miner");
      row("prove, k = 5, 1 deal", steadyProof(), "steady state");
      DealId first = m.idOf(deals.values().iterator().next());
      long[] twenty = add(BATCH);
      row("publish, per deal in a batch of 20", twenty[0] / BATCH, "");
      row("activate, per deal in a batch of 20 (s = 2)", twenty[1] / BATCH, "");
      row("prove, k = 5, 21 deals", steadyProof(), "steady state");
      m.operator.actions().settle(List.of(first)).orThrow();
      DealProposal alone = java.util.Objects.requireNonNull(deals.get(DealKey.of(first)));
      List<DealProposal> others = deals.values().stream().filter(p -> !p.equals(alone)).toList();
      row("extend one deal", extend(List.of(alone)), "settled before, operator's key");
      List<DealId> ids = others.stream().map(m::idOf).toList();
      m.operator.actions().settle(ids).orThrow();
      row(
          "extend, per deal in a batch of " + others.size(),
          extend(others) / others.size(),
          "settled before");
      settleAfterManyPeriods(first, Math.min(most, 51));
      // After the settling, because demands take time in which a period is missed.
      answer(others.getFirst(), 1);
      row("answer a demand, both trees", answer(others.getFirst(), 2), "not the miner's first");
      redeemRow();
      fund(most);
      for (int size : new int[] {Math.min(most, 1_000), most}) {
        boolean grew = deals.size() < size;
        while (deals.size() < size) {
          add(Math.min(BATCH, size - deals.size()));
        }
        if (grew) {
          row("prove, k = 5, " + deals.size() + " deals", steadyProof(), "steady state");
        }
      }
      fillUp(filled);
      row(
          "prove, k = 5, " + filled + " deals",
          steadyProof(),
          "steady state; all but "
              + deals.size()
              + " of the set's entries are copies written into the state");
      tenHeightsRow();
      randaoRow();
      Path out = Path.of(System.getenv().getOrDefault("GRANARY_GAS_OUT", "target/gas.md"));
      Files.writeString(
          out,
          "# Gas\n\nReal transactions on a local chain (anvil, osaka: with the EIP-7623 calldata floor); pieces of 2^20 leaves (32 MiB padded). "
              + "Made by `tools/gas.sh`; do not edit.\n\n| operation | gas | |\n|---|---|---|\n"
              + table);
    }
  }
}
