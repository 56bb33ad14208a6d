package io.granary.contracts;

import io.granary.contracts.bindings.MinerRegistry;
import io.granary.contracts.bindings.StorageMarket;
import io.granary.contracts.rpc.Rpc;
import io.granary.contracts.rpc.RpcErrorException;
import io.granary.contracts.tx.ContractErrors;
import io.granary.contracts.tx.Costs;
import io.granary.proofs.Hash32;
import io.granary.proofs.LeafIndex;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.proofs.challenge.SetEntry;
import io.granary.protocol.chain.AccountBalance;
import io.granary.protocol.chain.ChainReader;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.CollateralBudget;
import io.granary.protocol.chain.DrawnLeaf;
import io.granary.protocol.chain.EndpointStatus;
import io.granary.protocol.chain.MandateUse;
import io.granary.protocol.chain.MarketCall;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MarketHistory;
import io.granary.protocol.chain.MarketReader;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.chain.MinerDirectory;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.chain.OpenDemand;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.chain.RenewalLimits;
import io.granary.protocol.chain.TransactionHistory;
import io.granary.protocol.chain.TxCost;
import io.granary.protocol.chain.TxRefusedException;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.Seeds;
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
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.web3j.abi.datatypes.DynamicArray;
import org.web3j.abi.datatypes.Type;
import org.web3j.protocol.core.DefaultBlockParameterName;
import org.web3j.utils.Numeric;

/** Everything the chain answers: blocks, the market's state and past, the registry. */
public final class ChainQueries
    implements ChainReader, MarketReader, MinerDirectory, MarketHistory, TransactionHistory {
  private static final int MINER_PAGE = 100;
  private static final int DEMAND_PAGE = 250;
  // Below the contract's limit: an endpoint may give a call less gas than a block has.
  private static final int DEAL_PAGE = 100;
  private static final int SET_PAGE = 200;
  // Of the contract's words: the lower bits for proved periods, the upper for excused ones.
  private static final int WORD_PERIODS = 128;

  private final ChainConfig config;
  private final Rpc rpc;
  private final Blocks blocks;
  private final SeedValues seeds;
  private final Calls calls;
  private final MarketTerms terms;
  private final GranaryChain.Bound bound;

  ChainQueries(
      ChainConfig config, Rpc rpc, MarketTerms terms, GranaryChain.Bound bound, SeedValues seeds) {
    this.config = config;
    this.rpc = rpc;
    this.blocks = new Blocks(rpc);
    this.seeds = seeds;
    this.calls = new Calls(rpc);
    this.terms = terms;
    this.bound = bound;
  }

  private Address marketAddress() {
    return terms.domain().market();
  }

  private static BigInteger big(long value) {
    return BigInteger.valueOf(value);
  }

  // ---------------------------------------------------------------- blocks

  @Override
  public BlockRef head() {
    return blocks.head();
  }

  @Override
  public BlockRef block(BlockNumber number) {
    return blocks
        .find(number.value())
        .orElseThrow(
            () -> new IllegalArgumentException("block " + number + " lies after the head"));
  }

  @Override
  public List<EndpointStatus> endpoints() {
    return rpc.status();
  }

  @Override
  public BigInteger wei(Address account) {
    return rpc.send(rpc.web3j().ethGetBalance(account.toString(), DefaultBlockParameterName.LATEST))
        .getBalance();
  }

  @Override
  public BigInteger baseFee() {
    return rpc.send(rpc.web3j().ethGetBlockByNumber(DefaultBlockParameterName.LATEST, false))
        .getBlock()
        .getBaseFeePerGas();
  }

  // ---------------------------------------------------------------- market

  @Override
  public MarketTerms terms() {
    return terms;
  }

  @Override
  public PeriodClock clock(Address miner) {
    return new PeriodClock(
        terms.periodBlocks(), terms.windowBlocks(), Seeds.clockShift(miner, terms.periodBlocks()));
  }

  @Override
  public Optional<DealSnapshot> deal(DealId id) {
    StorageMarket.DealView view =
        calls.call(
            marketAddress(), bound.market().deal(id.hash().bytes()), StorageMarket.DealView.class);
    DealSnapshot snapshot = Structs.snapshot(id, view);
    return snapshot.state() == DealState.NONE ? Optional.empty() : Optional.of(snapshot);
  }

  @Override
  public Map<DealId, DealSnapshot> deals(Collection<DealId> ids) {
    Map<DealId, DealSnapshot> found = new LinkedHashMap<>();
    List<DealId> all = List.copyOf(ids);
    for (int from = 0; from < all.size(); from += DEAL_PAGE) {
      List<DealId> page = all.subList(from, Math.min(all.size(), from + DEAL_PAGE));
      var call = bound.market().deals(page.stream().map(d -> d.hash().bytes()).toList());
      List<?> views = calls.call(marketAddress(), call, List.class);
      for (int i = 0; i < page.size(); i++) {
        DealSnapshot snapshot =
            Structs.snapshot(page.get(i), (StorageMarket.DealView) views.get(i));
        if (snapshot.state() != DealState.NONE) {
          found.put(page.get(i), snapshot);
        }
      }
    }
    return found;
  }

  @Override
  public HandOver handOver(DealId id) {
    var call = bound.market().handOver(id.hash().bytes());
    return Structs.handOver(call.decodeFunctionResponse(calls.raw(marketAddress(), call)));
  }

  @Override
  public Cover coverOf(DealProposal proposal) {
    var call = bound.market().coverOf(Structs.struct(proposal));
    return Structs.cover(call.decodeFunctionResponse(calls.rawNext(marketAddress(), call)));
  }

  /** The id that the contract gives a proposal; equals {@code Eip712.dealId}. */
  public DealId dealIdOf(DealProposal proposal) {
    return new DealId(
        Hash32.of(
            calls.call(
                marketAddress(), bound.market().dealIdOf(Structs.struct(proposal)), byte[].class)));
  }

  /** The contract's EIP-712 domain separator. */
  public Hash32 domainSeparator() {
    return Hash32.of(calls.call(marketAddress(), bound.market().domainSeparator(), byte[].class));
  }

  @Override
  public AccountBalance account(Address owner) {
    StorageMarket.Account a =
        calls.call(
            marketAddress(), bound.market().account(owner.toString()), StorageMarket.Account.class);
    return new AccountBalance(
        new TokenAmount(a.balance),
        new TokenAmount(a.requested),
        new BlockNumber(a.releaseBlock.longValueExact()));
  }

  @Override
  public TokenAmount walletBalance(Address owner) {
    return new TokenAmount(
        calls.call(terms.token(), bound.token().balanceOf(owner.toString()), BigInteger.class));
  }

  /** Tokens burned so far. */
  @Override
  public TokenAmount burned() {
    return new TokenAmount(calls.call(marketAddress(), bound.market().burned(), BigInteger.class));
  }

  @Override
  public boolean isProved(Address miner, Period period) {
    return calls.call(
        marketAddress(),
        bound.market().isProved(miner.toString(), big(period.index())),
        Boolean.class);
  }

  @Override
  public boolean isExcused(Address miner, Period period) {
    return calls.call(
        marketAddress(),
        bound.market().isExcused(miner.toString(), big(period.index())),
        Boolean.class);
  }

  /** The periods of [from, to) that a miner has announced as maintenance, ascending. */
  public List<Period> excused(Address miner, Period from, Period to) {
    List<Period> found = new ArrayList<>();
    BigInteger word = BigInteger.ZERO;
    for (long p = from.index(); p < to.index(); p++) {
      if (p == from.index() || p % WORD_PERIODS == 0) {
        word =
            calls.call(
                marketAddress(),
                bound.market().periodWord(miner.toString(), big(p / WORD_PERIODS)),
                BigInteger.class);
      }
      if (word.testBit(WORD_PERIODS + (int) (p % WORD_PERIODS))) {
        found.add(new Period(p));
      }
    }
    return found;
  }

  /** How many periods a miner may still announce in the quarter of a period. */
  public long maintenanceLeft(Address miner, Period period) {
    return calls
        .call(
            marketAddress(),
            bound.market().maintenanceLeft(miner.toString(), big(period.index())),
            BigInteger.class)
        .longValueExact();
  }

  /** What has become of a mandate (Protocol §3.8), by its digest. */
  public MandateUse mandateUse(Hash32 digest) {
    StorageMarket.MandateUse use =
        calls.call(
            marketAddress(),
            bound.market().mandateUse(digest.bytes()),
            StorageMarket.MandateUse.class);
    return new MandateUse(use.used.longValueExact(), use.revoked, new TokenAmount(use.spent));
  }

  /** Nonce of the next order that an account signs for others to send (Protocol §3.10). */
  public long orderNonce(Address account) {
    return calls
        .call(marketAddress(), bound.market().orderNonce(account.toString()), BigInteger.class)
        .longValueExact();
  }

  /** At what a miner renews by mandate now. */
  public RenewalLimits renewalLimits(Address miner) {
    MinerRegistry.RenewalLimits limits =
        calls.call(
            terms().registry(),
            bound.registry().renewalLimits(miner.toString()),
            MinerRegistry.RenewalLimits.class);
    return new RenewalLimits(
        new TokenAmount(limits.pricePerLeafPeriod),
        new TokenAmount(limits.maxCollateralPerLeaf),
        limits.maxPeriods.longValueExact());
  }

  @Override
  public boolean isFrozen(Address miner) {
    return calls.callNext(
        marketAddress(), bound.market().isFrozen(miner.toString()), Boolean.class);
  }

  @Override
  public long setWeight(Address miner) {
    return calls
        .call(marketAddress(), bound.market().setWeight(miner.toString()), BigInteger.class)
        .longValueExact();
  }

  /**
   * Entries of one height of a miner's proving set, in the order of their slots. A deal's id is
   * told as far as an entry has it: its first 23 bytes, then zeros.
   */
  public List<SetEntry> setEntries(Address miner, int height) {
    List<SetEntry> all = new ArrayList<>();
    while (true) {
      var call =
          bound.market().setEntries(miner.toString(), big(height), big(all.size()), big(SET_PAGE));
      List<?> page = calls.call(marketAddress(), call, List.class);
      for (Object each : page) {
        StorageMarket.SetEntry e = (StorageMarket.SetEntry) each;
        all.add(
            new SetEntry(
                Hash32.of(Arrays.copyOf(e.dealKey, 32)),
                Hash32.of(e.sealedRoot),
                e.leafCount.longValueExact(),
                e.end.longValueExact()));
      }
      if (page.size() < SET_PAGE) {
        return all;
      }
    }
  }

  /** Deals of a miner that are published, active or faulty. */
  public long liveDeals(Address miner) {
    return calls
        .call(marketAddress(), bound.market().liveDeals(miner.toString()), BigInteger.class)
        .longValueExact();
  }

  /** Deadline of the demand that was raised last on a miner, 0 when none was. */
  public BlockNumber lastDeadline(Address miner) {
    return new BlockNumber(
        calls
            .call(marketAddress(), bound.market().lastDeadline(miner.toString()), BigInteger.class)
            .longValueExact());
  }

  @Override
  public Optional<Hash32> seedValue(BlockNumber block) {
    return seeds.value(block.value());
  }

  @Override
  public Optional<Hash32> periodSeed(Address miner, Period period) {
    return seeds
        .value(clock(miner).challengeBlock(period.index()))
        .map(value -> Seeds.period(value, marketAddress(), miner, period));
  }

  @Override
  public Optional<Hash32> sealSeed(DealId id, BlockNumber sealBlock) {
    return seedValue(sealBlock).map(value -> Seeds.seal(value, marketAddress(), id));
  }

  @Override
  public Optional<Hash32> recoverySeed(DealId id, Address miner, Period drawnBy) {
    return seedValue(new BlockNumber(clock(miner).challengeBlock(drawnBy.index())))
        .map(value -> Seeds.recovery(value, marketAddress(), id, drawnBy));
  }

  private static final Set<String> NOTHING_TO_PROVE =
      Set.of("NoDuty", "WrongPeriod", "WindowNotOpen");

  @Override
  public List<DrawnLeaf> drawnLeaves(Address miner, Period period) {
    long challenge = clock(miner).challengeBlock(period.index());
    // The contract is asked through one endpoint; what it draws must follow from what a majority
    // says.
    Optional<Hash32> seed = periodSeed(miner, period);
    if (seed.isEmpty()) {
      return List.of();
    }
    byte[] seedProof = seeds.proof(challenge);
    var call = bound.market().drawnLeaves(miner.toString(), big(period.index()), seedProof);
    try {
      List<?> answer = call.decodeFunctionResponse(calls.rawNext(marketAddress(), call));
      Hash32 drawnFrom = Hash32.of((byte[]) ((Type<?>) answer.get(0)).getValue());
      if (!drawnFrom.equals(seed.get())) {
        throw new ChainUnavailableException(
            "the draw of period "
                + period
                + " comes from the seed "
                + drawnFrom
                + ", block "
                + challenge
                + " gives "
                + seed.get()
                + ": the branch has changed, or an endpoint is wrong; it is asked again",
            null);
      }
      DynamicArray<?> leaves = (DynamicArray<?>) answer.get(1);
      List<DrawnLeaf> drawn = new ArrayList<>();
      for (Object item : leaves.getValue()) {
        StorageMarket.DrawnLeaf leaf = (StorageMarket.DrawnLeaf) item;
        drawn.add(
            new DrawnLeaf(
                DealKey.of(leaf.dealKey), new LeafIndex(leaf.leafIndex.longValueExact())));
      }
      return drawn;
    } catch (RpcErrorException e) {
      if (!e.isRevert() && e.revertData().isEmpty()) {
        throw e;
      }
      TxResult.Refused refused =
          ContractErrors.decode(e.revertData().orElse(""), String.valueOf(e.getMessage()));
      if (NOTHING_TO_PROVE.contains(refused.error())) {
        return List.of();
      }
      throw new TxRefusedException(refused);
    }
  }

  // ---------------------------------------------------------------- demands

  @Override
  public List<OpenDemand> demands(List<DealId> deals) {
    List<OpenDemand> open = new ArrayList<>();
    for (int from = 0; from < deals.size(); from += DEMAND_PAGE) {
      List<DealId> page = deals.subList(from, Math.min(deals.size(), from + DEMAND_PAGE));
      var call = bound.market().demands(page.stream().map(d -> d.hash().bytes()).toList());
      List<?> slots = calls.call(marketAddress(), call, List.class);
      for (int i = 0; i < slots.size(); i++) {
        Structs.demand(page.get(i / 2), i % 2 == 1, (StorageMarket.Demand) slots.get(i))
            .ifPresent(open::add);
      }
    }
    return open;
  }

  @Override
  public BigInteger leastBond() {
    return calls.callNext(marketAddress(), bound.market().leastBond(), BigInteger.class);
  }

  @Override
  public BigInteger etherOf(Address account) {
    return calls.call(
        marketAddress(), bound.market().etherOf(account.toString()), BigInteger.class);
  }

  // ---------------------------------------------------------------- registry

  @Override
  @SuppressWarnings("unchecked")
  public List<MinerRecord> miners() {
    List<MinerRecord> all = new ArrayList<>();
    for (int offset = 0; ; offset += MINER_PAGE) {
      List<org.web3j.abi.datatypes.Address> page =
          (List<org.web3j.abi.datatypes.Address>)
              calls.call(
                  terms.registry(),
                  bound.registry().miners(big(offset), big(MINER_PAGE)),
                  List.class);
      for (org.web3j.abi.datatypes.Address id : page) {
        miner(Address.parse(id.getValue())).ifPresent(all::add);
      }
      if (page.size() < MINER_PAGE) {
        return all;
      }
    }
  }

  @Override
  public Optional<MinerRecord> miner(Address id) {
    MinerRegistry.Miner m =
        calls.call(
            terms.registry(), bound.registry().miner(id.toString()), MinerRegistry.Miner.class);
    if (Calls.isEmpty(m.endpoint)) {
      return Optional.empty();
    }
    BigInteger live =
        calls.call(marketAddress(), bound.market().liveDeals(id.toString()), BigInteger.class);
    return Optional.of(
        new MinerRecord(
            new PeerRecord(id, m.endpoint, Hash32.of(m.tlsKeyHash)),
            Address.parse(m.operator),
            new TokenAmount(m.stake),
            m.accepting,
            m.exiting,
            new TokenAmount(m.pricePerLeafPeriod),
            live.longValueExact()));
  }

  /** What the operator of a registered miner may lock, and has. */
  public CollateralBudget collateralBudget(Address miner) {
    MinerRegistry.Miner m =
        calls.call(
            terms.registry(), bound.registry().miner(miner.toString()), MinerRegistry.Miner.class);
    var spent = bound.market().spentBudget(miner.toString());
    var answer = spent.decodeFunctionResponse(calls.raw(marketAddress(), spent));
    return new CollateralBudget(
        new TokenAmount(m.collateralBudget),
        m.budgetBlocks.longValueExact(),
        new TokenAmount((BigInteger) answer.get(0).getValue()),
        new BlockNumber(((BigInteger) answer.get(1).getValue()).longValueExact()));
  }

  @Override
  public Optional<PeerRecord> auditor(Address id) {
    MinerRegistry.Auditor a =
        calls.call(
            terms.registry(), bound.registry().auditor(id.toString()), MinerRegistry.Auditor.class);
    return Calls.isEmpty(a.endpoint)
        ? Optional.empty()
        : Optional.of(new PeerRecord(id, a.endpoint, Hash32.of(a.tlsKeyHash)));
  }

  // ---------------------------------------------------------------- history

  @Override
  public BlockNumber deployedAt() {
    return new BlockNumber(config.deployedAt());
  }

  @Override
  public List<MarketEvent> events(BlockNumber from, BlockNumber to) {
    return events(from, to, List.of());
  }

  /** The terms that a deal was published with; empty when its id was never published. */
  public Optional<io.granary.protocol.deal.DealProposal> proposal(DealId id) {
    // Pages as for all events: an endpoint that bounds the range has its say.
    return events(
            deployedAt(),
            head().number(),
            List.of(MarketEvents.PUBLISHED_TOPIC, "0x" + id.hash().toHex()))
        .stream()
        .filter(MarketEvent.DealPublished.class::isInstance)
        .map(e -> ((MarketEvent.DealPublished) e).proposal())
        .findFirst();
  }

  /** All publications since the market was deployed. */
  public List<MarketEvent.DealPublished> publications() {
    return events(deployedAt(), head().number(), List.of(MarketEvents.PUBLISHED_TOPIC)).stream()
        .map(MarketEvent.DealPublished.class::cast)
        .toList();
  }

  /** Proofs of a miner in blocks {@code from … to}. */
  public List<MarketEvent.PeriodProved> proofs(Address miner, BlockNumber from, BlockNumber to) {
    return events(from, to, List.of(MarketEvents.PROVED_TOPIC, LogPages.topic(miner))).stream()
        .map(MarketEvent.PeriodProved.class::cast)
        .toList();
  }

  private List<MarketEvent> events(BlockNumber from, BlockNumber to, List<String> topics) {
    List<MarketEvent> events = new ArrayList<>();
    new LogPages(rpc, marketAddress())
        .forEach(
            from.value(),
            to.value(),
            topics,
            log -> MarketEvents.decode(log).ifPresent(events::add));
    return events;
  }

  @Override
  public List<MarketCall> calls(TxHash tx) {
    return rpc.send(rpc.web3j().ethGetTransactionByHash(tx.toString()))
        .getTransaction()
        .filter(t -> t.getTo() != null && Address.parse(t.getTo()).equals(marketAddress()))
        .map(t -> CallDecoder.decode(t.getInput()))
        .orElse(List.of());
  }

  @Override
  public long sent(Address account) {
    return rpc.send(
            rpc.web3j()
                .ethGetTransactionCount(account.toString(), DefaultBlockParameterName.LATEST))
        .getTransactionCount()
        .longValueExact();
  }

  @Override
  public Optional<TxCost> cost(TxHash tx) {
    var call = rpc.send(rpc.web3j().ethGetTransactionByHash(tx.toString())).getTransaction();
    var receipt =
        rpc.send(rpc.web3j().ethGetTransactionReceipt(tx.toString())).getTransactionReceipt();
    if (call.isEmpty() || receipt.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        Costs.of(
            receipt.get(),
            call.get().getNonce().longValueExact(),
            Numeric.hexStringToByteArray(call.get().getInput())));
  }

  /** Gas of each transaction that made these events, by the market's function it called. */
  public java.util.Map<String, List<Long>> gasByOperation(List<MarketEvent> events) {
    java.util.Map<String, List<Long>> gas = new java.util.TreeMap<>();
    events.stream()
        .map(event -> event.at().tx())
        .distinct()
        .flatMap(tx -> cost(tx).stream())
        .forEach(
            cost -> gas.computeIfAbsent(cost.operation(), k -> new ArrayList<>()).add(cost.gas()));
    return gas;
  }
}
