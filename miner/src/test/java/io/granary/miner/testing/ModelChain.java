package io.granary.miner.testing;

import io.granary.proofs.Hash32;
import io.granary.proofs.LeafIndex;
import io.granary.proofs.Sha256;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.proofs.challenge.ProvingSet;
import io.granary.proofs.challenge.SetEntry;
import io.granary.protocol.chain.AccountBalance;
import io.granary.protocol.chain.ChainReader;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.DrawnLeaf;
import io.granary.protocol.chain.EventStream;
import io.granary.protocol.chain.MarketReader;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.chain.MinerDirectory;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.chain.OpenDemand;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.crypto.Seeds;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.Cover;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.HandOver;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.BlockRef;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.DealKey;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * The market of Protocol §3 to §5 for one miner in memory: blocks come when a test mines them, and
 * openings are checked for real. What is sent by the miner is in {@link ModelMarket}.
 */
public final class ModelChain implements ChainReader, MarketReader, MinerDirectory, EventStream {
  /** The market's domain. */
  public static final SigningDomain DOMAIN = new SigningDomain(31_337, address(0x11));

  final MarketTerms terms =
      new MarketTerms(
          DOMAIN,
          address(0x12),
          address(0x13),
          address(0x14),
          20,
          10,
          5,
          4,
          2,
          3,
          10,
          2,
          1_000,
          10_000,
          10_000,
          100,
          1_000,
          TokenAmount.of(1),
          TokenAmount.of(1),
          TokenAmount.of(1),
          2,
          3,
          12,
          16,
          1,
          200_000,
          4,
          10_000);

  final Address miner;
  final Map<DealId, DealSnapshot> deals = new HashMap<>();
  final Set<Long> proved = new HashSet<>();
  final Set<Long> excused = new HashSet<>();
  final List<OpenDemand> demands = new ArrayList<>();
  final Map<Address, BigInteger> ether = new HashMap<>();
  ProvingSet set = new ProvingSet();
  long head = 100;
  private BigInteger wei = BigInteger.TEN.pow(18);
  private Cover cover = new Cover("ReplacesUnknown", TokenAmount.ZERO);
  private final Map<Address, AccountBalance> accounts = new HashMap<>();
  private final Map<Address, PeerRecord> auditors = new HashMap<>();
  private Optional<MinerRecord> registered = Optional.empty();
  private final Map<String, Integer> looks = new HashMap<>();
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  private long branchedAt = Long.MAX_VALUE;
  private int branches;
  private int dealReads;
  private boolean down;

  /** For one miner. */
  public ModelChain(Address miner) {
    this.miner = miner;
  }

  private static Address address(int fill) {
    byte[] bytes = new byte[Address.BYTES];
    java.util.Arrays.fill(bytes, (byte) fill);
    return Address.of(bytes);
  }

  // ---------------------------------------------------------------- the test's hand

  /** Makes a block. */
  public synchronized void mine() {
    head++;
    looks.clear();
  }

  /**
   * Makes the blocks up to a number, if they are not there, without anybody seeing them one by one.
   */
  public synchronized void mineTo(long block) {
    if (block > head) {
      head = block;
      looks.clear();
    }
  }

  /**
   * Makes blocks until the condition holds, each when the miner is done with the one before: its
   * loops have come back for the head since.
   */
  public void mineUntil(String what, BooleanSupplier condition) {
    Instant limit = Instant.now().plus(Duration.ofSeconds(60));
    while (!condition.getAsBoolean()) {
      if (Instant.now().isAfter(limit)) {
        throw new AssertionError("waited in vain until " + what + ", at block " + head);
      }
      Await.holdsWithin(Duration.ofMillis(500), () -> minerIsDone() || condition.getAsBoolean());
      mine();
    }
  }

  /** A round looks at the head up to twice: after so many looks one has begun and ended since. */
  private synchronized boolean minerIsDone() {
    return Stream.of("miner-deals", "miner-proving").allMatch(l -> looks.getOrDefault(l, 0) >= 4);
  }

  /** Replaces the blocks from a number to the head by others; what was proved stays. */
  public void reorg(long from) {
    List<BlockRef> gone;
    synchronized (this) {
      gone = LongStream.rangeClosed(from, head).mapToObj(n -> block(new BlockNumber(n))).toList();
      branchedAt = Math.min(branchedAt, from);
      branches++;
    }
    gone.reversed().forEach(block -> listeners.forEach(l -> l.reverted(block)));
  }

  /** Makes every call fail, or none. */
  public synchronized void setDown(boolean isDown) {
    down = isDown;
  }

  /** Sets an account. */
  public synchronized void fund(Address owner, long balance, long announced) {
    accounts.put(
        owner,
        new AccountBalance(
            TokenAmount.of(balance), TokenAmount.of(announced), new BlockNumber(head + 10)));
  }

  /** Registers the miner. */
  public synchronized void register(PeerRecord peer, Address operator, boolean accepting) {
    registered =
        Optional.of(
            new MinerRecord(
                peer, operator, TokenAmount.of(1), accepting, false, TokenAmount.of(1), 0));
  }

  /** Registers an auditor. */
  public synchronized void registerAuditor(PeerRecord auditor) {
    auditors.put(auditor.id(), auditor);
  }

  /** Replaces what the contract says of a deal; a reorg, or what others do. */
  public synchronized void put(DealSnapshot deal) {
    deals.put(deal.id(), deal);
  }

  /** Has a deal be active with an entry in the proving set, as if it had been published before. */
  public synchronized void enter(DealSnapshot deal, long leaves) {
    deals.put(deal.id(), deal);
    set.append(new SetEntry(deal.id().hash(), deal.sealedRoot(), leaves, deal.end().index()));
  }

  /** Forgets a deal, as a reorg does with its publication. */
  public synchronized void forget(DealId id) {
    deals.remove(id);
  }

  /** Moves to the first block whose successor lies in the window of the next unproved period. */
  public synchronized void skipToWindow() {
    PeriodClock clock = clock(miner);
    head = Math.max(head, clock.challengeBlock(clock.nextDuty(head)));
  }

  synchronized void requireUp() {
    if (down) {
      throw new ChainUnavailableException("the model chain is down; set it up", null);
    }
  }

  // ---------------------------------------------------------------- ports

  synchronized Hash32 hashOf(long block) {
    int branch = block < branchedAt ? 0 : branches;
    return Sha256.hash(ByteBuffer.allocate(12).putLong(block).putInt(branch).array());
  }

  @Override
  public synchronized BlockRef head() {
    looks.merge(Thread.currentThread().getName(), 1, Integer::sum);
    requireUp();
    return block(new BlockNumber(head));
  }

  @Override
  public BlockRef block(BlockNumber number) {
    return new BlockRef(number, hashOf(number.value()));
  }

  @Override
  public synchronized BigInteger wei(Address account) {
    requireUp();
    return wei;
  }

  /** All accounts' ether from now on. */
  public synchronized void setWei(BigInteger now) {
    wei = now;
  }

  @Override
  public BigInteger baseFee() {
    requireUp();
    return BigInteger.TEN.pow(9);
  }

  @Override
  public MarketTerms terms() {
    return terms;
  }

  @Override
  public PeriodClock clock(Address owner) {
    return new PeriodClock(
        terms.periodBlocks(), terms.windowBlocks(), Seeds.clockShift(owner, terms.periodBlocks()));
  }

  /** How often a thread asked for this head. */
  public synchronized int looks(String thread) {
    return looks.getOrDefault(thread, 0);
  }

  /** How often deals were read. */
  public synchronized int dealReads() {
    return dealReads;
  }

  @Override
  public synchronized Optional<DealSnapshot> deal(DealId id) {
    dealReads++;
    requireUp();
    return Optional.ofNullable(deals.get(id));
  }

  @Override
  public HandOver handOver(DealId id) {
    return new HandOver(Optional.empty(), false, false);
  }

  @Override
  public synchronized Cover coverOf(DealProposal proposal) {
    return cover;
  }

  /** Says of all proposals that replace a deal whether they can, and what that is good for. */
  public synchronized void setCover(Cover now) {
    cover = now;
  }

  @Override
  public synchronized AccountBalance account(Address owner) {
    requireUp();
    return accounts.getOrDefault(
        owner, new AccountBalance(TokenAmount.ZERO, TokenAmount.ZERO, new BlockNumber(0)));
  }

  @Override
  public TokenAmount walletBalance(Address owner) {
    return TokenAmount.ZERO;
  }

  @Override
  public TokenAmount burned() {
    return TokenAmount.ZERO;
  }

  @Override
  public synchronized boolean isProved(Address owner, Period period) {
    requireUp();
    return proved.contains(period.index());
  }

  @Override
  public synchronized boolean isExcused(Address owner, Period period) {
    requireUp();
    return excused.contains(period.index());
  }

  @Override
  public synchronized boolean isFrozen(Address owner) {
    long period = clock(miner).periodAt(head);
    return set.weight() > 0
        && !proved.contains(period)
        && !excused.contains(period)
        && head >= clock(miner).challengeBlock(period);
  }

  @Override
  public synchronized long setWeight(Address owner) {
    requireUp();
    return set.weight();
  }

  @Override
  public synchronized Optional<Hash32> seedValue(BlockNumber block) {
    return block.value() <= head ? Optional.of(hashOf(block.value())) : Optional.empty();
  }

  @Override
  public synchronized Optional<Hash32> periodSeed(Address owner, Period period) {
    long block = clock(miner).challengeBlock(period.index());
    return block <= head
        ? Optional.of(Seeds.period(hashOf(block), DOMAIN.market(), miner, period))
        : Optional.empty();
  }

  @Override
  public synchronized Optional<Hash32> sealSeed(DealId id, BlockNumber sealBlock) {
    return sealBlock.value() <= head
        ? Optional.of(Seeds.seal(hashOf(sealBlock.value()), DOMAIN.market(), id))
        : Optional.empty();
  }

  @Override
  public synchronized Optional<Hash32> recoverySeed(DealId id, Address owner, Period drawnBy) {
    long block = clock(miner).challengeBlock(drawnBy.index());
    return block <= head
        ? Optional.of(Seeds.recovery(hashOf(block), DOMAIN.market(), id, drawnBy))
        : Optional.empty();
  }

  @Override
  public synchronized List<DrawnLeaf> drawnLeaves(Address owner, Period period) {
    requireUp();
    return draw(period).stream()
        .map(
            d -> new DrawnLeaf(DealKey.of(new DealId(d.entry().dealId())), new LeafIndex(d.leaf())))
        .toList();
  }

  synchronized List<ProvingSet.Draw> draw(Period period) {
    if (!clock(miner).inWindow(period.index(), head + 1) || set.weight() == 0) {
      return List.of();
    }
    return set.draw(periodSeed(miner, period).orElseThrow(), period.index(), terms.challenges());
  }

  @Override
  public List<MinerRecord> miners() {
    return registered.stream().toList();
  }

  @Override
  public synchronized Optional<MinerRecord> miner(Address id) {
    requireUp();
    return registered.filter(m -> m.peer().id().equals(id));
  }

  @Override
  public synchronized Optional<PeerRecord> auditor(Address id) {
    requireUp();
    return Optional.ofNullable(auditors.get(id));
  }

  @Override
  public Subscription follow(BlockNumber from, Listener listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  @Override
  public synchronized List<OpenDemand> demands(List<DealId> ids) {
    requireUp();
    return demands.stream().filter(d -> ids.contains(d.dealId())).toList();
  }

  @Override
  public BigInteger leastBond() {
    return BigInteger.valueOf(terms.demandGas()).multiply(BigInteger.TEN.pow(9));
  }

  @Override
  public synchronized BigInteger etherOf(Address account) {
    return ether.getOrDefault(account, BigInteger.ZERO);
  }

  /** A client demands a leaf; answered at the latest in the block after so many. */
  public synchronized OpenDemand demand(DealId id, long leaf, long blocks) {
    OpenDemand demand =
        new OpenDemand(
            id, false, new LeafIndex(leaf), leastBond(), new BlockNumber(head + 1 + blocks));
    demands.add(demand);
    return demand;
  }

  /** State of a deal, NONE when it was never seen. */
  public synchronized DealState state(DealId id) {
    return Optional.ofNullable(deals.get(id)).map(DealSnapshot::state).orElse(DealState.NONE);
  }

  /** Number of proved periods. */
  public synchronized int provedPeriods() {
    return proved.size();
  }
}
