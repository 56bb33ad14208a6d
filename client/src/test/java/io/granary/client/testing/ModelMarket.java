package io.granary.client.testing;

import io.granary.client.ClientPorts;
import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.protocol.chain.AccountBalance;
import io.granary.protocol.chain.ChainReader;
import io.granary.protocol.chain.ClientMarket;
import io.granary.protocol.chain.DrawnLeaf;
import io.granary.protocol.chain.MarketCall;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MarketHistory;
import io.granary.protocol.chain.MarketReader;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.chain.MinerDirectory;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.chain.OpenDemand;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.Seeds;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.Cover;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.Extension;
import io.granary.protocol.deal.HandOver;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.BlockRef;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** As much of a market as a client sees; a test moves it by hand. */
public final class ModelMarket
    implements ChainReader, MarketReader, MinerDirectory, MarketHistory, ClientMarket {
  /** The market's domain. */
  public static final SigningDomain DOMAIN = new SigningDomain(31_337, address(0xab));

  /** Blocks of a period. */
  public static final int PERIOD = 20;

  private Cover cover = new Cover("", TokenAmount.ZERO);
  private static final MarketTerms TERMS =
      new MarketTerms(
          DOMAIN,
          address(0x12),
          address(0x13),
          address(0x14),
          PERIOD,
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

  private final Map<DealId, DealSnapshot> deals = new LinkedHashMap<>();
  private final Map<Address, MinerRecord> miners = new LinkedHashMap<>();
  private final List<MarketEvent> events = new ArrayList<>();
  private long head = 10_000;
  private TokenAmount balance = TokenAmount.parseTokens("1000");
  private int dealReads;
  private int transactions;
  private Runnable beforeCancel = () -> {};

  /** Twenty equal bytes. */
  public static Address address(int fill) {
    byte[] bytes = new byte[Address.BYTES];
    java.util.Arrays.fill(bytes, (byte) fill);
    return Address.of(bytes);
  }

  /** A deal id of a number. */
  public static DealId dealId(long number) {
    return new DealId(hash(number));
  }

  private static Hash32 hash(long number) {
    return Sha256.hash(ByteBuffer.allocate(8).putLong(number).array());
  }

  /** All ports at once. */
  public ClientPorts ports() {
    return new ClientPorts(this, this, this, this, this);
  }

  // ---------------------------------------------------------------- the test's hand

  /** Adds or replaces a miner. */
  public synchronized void register(MinerRecord miner) {
    miners.put(miner.peer().id(), miner);
  }

  /** Makes blocks. */
  public synchronized void mine(long blocks) {
    head += blocks;
  }

  /** What the wallet has unlocked. */
  public synchronized void fund(TokenAmount unlocked) {
    balance = unlocked;
  }

  /** Sets the state of a deal; NONE forgets it. */
  public synchronized void put(DealProposal p, DealState state) {
    DealId id = Eip712.dealId(DOMAIN, p);
    if (state == DealState.NONE) {
      deals.remove(id);
    } else {
      deals.put(id, snapshot(id, p.client(), p.miner(), state, p.activateBy().value()));
    }
  }

  /** A deal that is active from the next period on. */
  public synchronized void activate(DealProposal p) {
    Period start = new Period(clock(p.miner()).nextDuty(head));
    put(p, DealState.ACTIVE);
    DealId id = Eip712.dealId(DOMAIN, p);
    deals.put(
        id,
        stretch(
            deals.get(id), p.price(), p.collateral(), p.periods(), start, start.plus(p.periods())));
  }

  /** Extends an active deal. */
  public synchronized void extend(Extension e) {
    DealSnapshot d = deals.get(e.dealId());
    long periods = e.newEnd().index() - d.cursor().index();
    deals.put(
        e.dealId(),
        stretch(
            d, e.pricePerPeriod().times(periods), e.collateral(), periods, d.cursor(), e.newEnd()));
  }

  private static DealSnapshot stretch(
      DealSnapshot d,
      TokenAmount price,
      TokenAmount collateral,
      long periods,
      Period cursor,
      Period end) {
    return new DealSnapshot(
        d.id(),
        d.state(),
        d.client(),
        d.miner(),
        price,
        collateral,
        periods,
        d.start().index() == 0 ? cursor : d.start(),
        end,
        cursor,
        0,
        0,
        0,
        new BlockNumber(0),
        d.sealBlock(),
        d.sealedRoot(),
        false,
        d.noticed(),
        d.faultySince());
  }

  /** A deal of which only the miner is known. */
  public synchronized void put(DealId id, Address miner) {
    deals.put(id, snapshot(id, address(1), miner, DealState.ACTIVE, 0));
  }

  private static DealSnapshot snapshot(
      DealId id, Address client, Address miner, DealState state, long activateBy) {
    Period none = new Period(0);
    return new DealSnapshot(
        id,
        state,
        client,
        miner,
        TokenAmount.of(1),
        TokenAmount.of(1),
        10,
        none,
        none,
        none,
        0,
        0,
        0,
        new BlockNumber(activateBy),
        new BlockNumber(0),
        Hash32.ZERO,
        false,
        false,
        new Period(0));
  }

  /** Notes that a deal was activated so many blocks ago. */
  public synchronized void activated(long ago, DealId id, Address miner) {
    events.add(new MarketEvent.DealActivated(at(ago), id, miner, new Period(0), new Period(1_000)));
  }

  /** Notes a settlement. */
  public synchronized void settled(long ago, DealId id, long proved, long missed) {
    settled(ago, id, proved, missed, 0);
  }

  /** Notes a settlement with announced maintenance in it. */
  public synchronized void settled(long ago, DealId id, long proved, long missed, long excused) {
    events.add(
        new MarketEvent.DealSettled(
            at(ago),
            id,
            new Period(7),
            new Period(7 + proved + missed + excused),
            proved,
            excused,
            TokenAmount.ZERO,
            TokenAmount.ZERO,
            TokenAmount.ZERO,
            TokenAmount.ZERO,
            TokenAmount.ZERO));
  }

  /** Notes a termination. */
  public synchronized void terminated(long ago, DealId id) {
    events.add(
        new MarketEvent.DealTerminated(
            at(ago),
            id,
            address(2),
            new Period(1),
            TokenAmount.ZERO,
            TokenAmount.ZERO,
            TokenAmount.ZERO,
            TokenAmount.ZERO));
  }

  private MarketEvent.Position at(long ago) {
    return new MarketEvent.Position(
        new BlockNumber(head - ago), new TxHash(hash(head - ago)), events.size());
  }

  /** What others do while a cancellation is on its way. */
  public synchronized void beforeCancel(Runnable others) {
    beforeCancel = others;
  }

  /** How often a deal was read. */
  public synchronized int dealReads() {
    return dealReads;
  }

  /** How many transactions the wallet sent. */
  public synchronized int transactions() {
    return transactions;
  }

  // ---------------------------------------------------------------- what a client reads

  @Override
  public synchronized BlockRef head() {
    return block(new BlockNumber(head));
  }

  @Override
  public BlockRef block(BlockNumber number) {
    return new BlockRef(number, hash(number.value()));
  }

  @Override
  public BigInteger wei(Address account) {
    return BigInteger.TEN.pow(18);
  }

  @Override
  public BigInteger baseFee() {
    return BigInteger.TEN.pow(9);
  }

  @Override
  public MarketTerms terms() {
    return TERMS;
  }

  @Override
  public synchronized Optional<DealSnapshot> deal(DealId id) {
    dealReads++;
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

  /** Whether a deal can be handed over, and what its escrow is good for then. */
  public synchronized void setCover(Cover now) {
    cover = now;
  }

  @Override
  public synchronized AccountBalance account(Address owner) {
    return new AccountBalance(balance, TokenAmount.ZERO, new BlockNumber(0));
  }

  @Override
  public TokenAmount walletBalance(Address owner) {
    return TokenAmount.ZERO;
  }

  @Override
  public synchronized List<MinerRecord> miners() {
    return List.copyOf(miners.values());
  }

  @Override
  public synchronized Optional<MinerRecord> miner(Address id) {
    return Optional.ofNullable(miners.get(id));
  }

  @Override
  public Optional<PeerRecord> auditor(Address id) {
    return Optional.empty();
  }

  @Override
  public BlockNumber deployedAt() {
    return new BlockNumber(1);
  }

  @Override
  public synchronized List<MarketEvent> events(BlockNumber from, BlockNumber to) {
    return events.stream()
        .filter(e -> e.at().block().compareTo(from) >= 0 && !e.at().block().isAfter(to))
        .toList();
  }

  // ---------------------------------------------------------------- what a client sends

  @Override
  public synchronized TxResult cancel(DealProposal proposal) {
    beforeCancel.run();
    DealId id = Eip712.dealId(DOMAIN, proposal);
    if (deals.containsKey(id)) {
      return new TxResult.Refused("WrongState", "the model says no");
    }
    transactions++;
    put(proposal, DealState.CANCELLED);
    return new TxResult.Confirmed(new TxHash(hash(head)), head(), 50_000, BigInteger.ONE);
  }

  @Override
  public TxResult giveNotice(DealId deal) {
    throw unused();
  }

  private static UnsupportedOperationException unused() {
    return new UnsupportedOperationException("no client needs this");
  }

  @Override
  public PeriodClock clock(Address miner) {
    return new PeriodClock(
        TERMS.periodBlocks(), TERMS.windowBlocks(), Seeds.clockShift(miner, TERMS.periodBlocks()));
  }

  @Override
  public TokenAmount burned() {
    throw unused();
  }

  @Override
  public boolean isProved(Address miner, Period period) {
    throw unused();
  }

  @Override
  public boolean isExcused(Address miner, Period period) {
    throw unused();
  }

  @Override
  public boolean isFrozen(Address miner) {
    throw unused();
  }

  @Override
  public long setWeight(Address miner) {
    throw unused();
  }

  @Override
  public Optional<Hash32> seedValue(BlockNumber block) {
    throw unused();
  }

  @Override
  public Optional<Hash32> periodSeed(Address miner, Period period) {
    throw unused();
  }

  @Override
  public Optional<Hash32> sealSeed(DealId id, BlockNumber sealBlock) {
    throw unused();
  }

  @Override
  public Optional<Hash32> recoverySeed(DealId id, Address miner, Period drawnBy) {
    return Optional.empty();
  }

  @Override
  public List<DrawnLeaf> drawnLeaves(Address miner, Period period) {
    throw unused();
  }

  @Override
  public List<MarketCall> calls(TxHash tx) {
    throw unused();
  }

  @Override
  public TxResult deposit(TokenAmount amount) {
    throw unused();
  }

  @Override
  public TxResult requestWithdrawal(TokenAmount amount) {
    throw unused();
  }

  @Override
  public TxResult withdraw() {
    throw unused();
  }

  @Override
  public TxResult settle(List<DealId> ids) {
    throw unused();
  }

  @Override
  public TxResult complete(DealId deal) {
    throw unused();
  }

  @Override
  public TxResult expire(DealId deal) {
    throw unused();
  }

  @Override
  public TxResult terminate(DealId deal) {
    throw unused();
  }

  @Override
  public List<OpenDemand> demands(List<DealId> ids) {
    throw new UnsupportedOperationException("no client demands anything here");
  }

  @Override
  public BigInteger leastBond() {
    throw new UnsupportedOperationException("no client demands anything here");
  }

  @Override
  public BigInteger etherOf(Address account) {
    throw new UnsupportedOperationException("no client demands anything here");
  }
}
