package io.granary.contracts;

import io.granary.contracts.bindings.DevToken;
import io.granary.contracts.bindings.MinerRegistry;
import io.granary.contracts.bindings.PrevRandaoSeed;
import io.granary.contracts.bindings.StorageMarket;
import io.granary.contracts.rpc.Rpc;
import io.granary.contracts.rpc.RpcErrorException;
import io.granary.contracts.tx.MemoryJournal;
import io.granary.contracts.tx.TransactionSender;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.web3j.protocol.core.DefaultBlockParameterName;
import org.web3j.tx.ReadonlyTransactionManager;
import org.web3j.tx.gas.DefaultGasProvider;

/** A connection to one market: all ports, wired. Safe for several threads. */
public final class GranaryChain implements AutoCloseable {
  private final ChainConfig config;
  private final Rpc rpc;
  private final MarketTerms terms;
  private final SeedValues seeds;
  private final Bound bound;
  private final ChainQueries queries;
  private final @Nullable Signer signer;
  private final @Nullable ChainActions actions;

  private GranaryChain(
      ChainConfig config,
      Rpc rpc,
      MarketTerms terms,
      SeedValues seeds,
      Bound bound,
      ChainQueries queries,
      @Nullable Signer signer) {
    this.config = config;
    this.rpc = rpc;
    this.terms = terms;
    this.seeds = seeds;
    this.bound = bound;
    this.queries = queries;
    this.signer = signer;
    this.actions =
        signer == null
            ? null
            : new ChainActions(terms, bound, new Calls(rpc), signer.sender(), signer.key(), seeds);
  }

  /**
   * Connects and checks that there is a market.
   *
   * @param signer key that transactions are sent with; empty for reading only
   * @throws io.granary.protocol.chain.ChainUnavailableException when the endpoint does not answer
   * @throws IllegalArgumentException when no market is at that address
   */
  public static GranaryChain connect(ChainConfig config, Optional<EthKey> signer) {
    return connect(config, signer, new MemoryJournal());
  }

  /**
   * The same with a journal that outlives the process.
   *
   * @param journal of what the key sends
   */
  public static GranaryChain connect(
      ChainConfig config, Optional<EthKey> signer, TransactionJournal journal) {
    Rpc rpc = new Rpc(config.rpc());
    try {
      long chainId = rpc.chainId();
      String code =
          rpc.send(
                  rpc.web3j()
                      .ethGetCode(config.market().toString(), DefaultBlockParameterName.LATEST))
              .getCode();
      if (code.length() <= 2) {
        throw new IllegalArgumentException(
            "no contract is at "
                + config.market()
                + " on chain "
                + chainId
                + " ("
                + config.rpc()
                + "): check --market and --rpc");
      }
      ReadonlyTransactionManager nobody =
          new ReadonlyTransactionManager(rpc.web3j(), Address.ZERO.toString());
      StorageMarket market =
          StorageMarket.load(
              config.market().toString(), rpc.web3j(), nobody, new DefaultGasProvider());
      Calls calls = new Calls(rpc);
      MarketTerms terms =
          terms(
              calls.call(config.market(), market.params(), StorageMarket.MarketParams.class),
              new SigningDomain(chainId, config.market()));
      MinerRegistry registry =
          MinerRegistry.load(
              terms.registry().toString(), rpc.web3j(), nobody, new DefaultGasProvider());
      DevToken token =
          DevToken.load(terms.token().toString(), rpc.web3j(), nobody, new DefaultGasProvider());
      Bound bound = new Bound(market, registry, token);
      SeedValues seeds = seedValues(rpc, calls, nobody, terms.seedSource());
      ChainQueries queries = new ChainQueries(config, rpc, terms, bound, seeds);
      Signer sending =
          signer
              .map(key -> new Signer(sender(config, rpc, chainId, key, journal), key))
              .orElse(null);
      return new GranaryChain(config, rpc, terms, seeds, bound, queries, sending);
    } catch (RuntimeException e) {
      rpc.close();
      throw e;
    }
  }

  private static TransactionSender sender(
      ChainConfig config, Rpc rpc, long chainId, EthKey key, TransactionJournal journal) {
    return new TransactionSender(
        rpc,
        chainId,
        key,
        new TransactionSender.Patience(
            config.confirmations(), config.poll(), config.resendAfter(), config.giveUpAfter()),
        journal);
  }

  /** A key and what sends with it: one for all contracts, because it counts the nonces. */
  record Signer(TransactionSender sender, EthKey key) {}

  /** The contracts of one market. */
  record Bound(StorageMarket market, MinerRegistry registry, DevToken token) {}

  /** Any source answers these calls; the binding of one of them serves for all. */
  private static SeedValues seedValues(
      Rpc rpc, Calls calls, ReadonlyTransactionManager nobody, Address source) {
    PrevRandaoSeed views =
        PrevRandaoSeed.load(source.toString(), rpc.web3j(), nobody, new DefaultGasProvider());
    try {
      return new SeedValues(
          new Blocks(rpc),
          SeedKind.said(source, calls.call(source, views.kind(), byte[].class)),
          calls.call(source, views.lag(), BigInteger.class).longValueExact());
    } catch (RpcErrorException e) {
      throw new IllegalArgumentException(
          "the market's seed source "
              + source
              + " does not say what it is ("
              + e.getMessage()
              + "): use the version of this software that deployed the market",
          e);
    }
  }

  private static MarketTerms terms(StorageMarket.MarketParams p, SigningDomain domain) {
    return new MarketTerms(
        domain,
        Address.parse(p.token),
        Address.parse(p.registry),
        Address.parse(p.seedSource),
        p.periodBlocks.intValueExact(),
        p.windowBlocks.intValueExact(),
        p.challenges.intValueExact(),
        p.sealChallenges.intValueExact(),
        p.sealDelay.intValueExact(),
        p.maxMissRun.intValueExact(),
        p.withdrawNotice.intValueExact(),
        p.collateralHold.intValueExact(),
        p.maxPeriods.intValueExact(),
        p.maxActivationBlocks.intValueExact(),
        p.missPenaltyBps.intValueExact(),
        p.priceBurnBps.intValueExact(),
        p.expireBurnBps.intValueExact(),
        new TokenAmount(p.tipCap),
        new TokenAmount(p.minPricePerLeafPeriod),
        new TokenAmount(p.minCollateralPerLeaf),
        p.maintenanceNotice.intValueExact(),
        p.maintenancePeriods.intValueExact(),
        p.maintenanceQuarter.intValueExact(),
        p.demandBlocks.intValueExact(),
        p.demandSpacing.intValueExact(),
        p.demandGas.intValueExact(),
        p.maxFaultyPeriods.intValueExact(),
        p.faultFeeBps.intValueExact());
  }

  /** The market's parameters. */
  public MarketTerms terms() {
    return terms;
  }

  /** What the market's challenges are drawn from. */
  public SeedKind seedKind() {
    return seeds.kind();
  }

  /** Everything that can be read: chain, market, directory, history. */
  public ChainQueries queries() {
    return queries;
  }

  /**
   * Everything that can be sent.
   *
   * @throws IllegalStateException on a connection for reading only
   */
  public ChainActions actions() {
    if (actions == null) {
      throw new IllegalStateException("this connection has no key to send transactions with");
    }
    return actions;
  }

  /**
   * The payment channels at an address.
   *
   * @throws IllegalArgumentException when no channels are there, or channels over another token
   */
  public ChannelGateway channels(Address contract) {
    return ChannelGateway.connect(
        config, rpc, contract, terms.domain().chainId(), terms.token(), bound.token(), signer);
  }

  /** A follower of the market's events. */
  public io.granary.contracts.events.EventFollower events() {
    return new io.granary.contracts.events.EventFollower(
        queries, queries, config.confirmations(), config.poll());
  }

  /** Tokens burned so far. */
  public TokenAmount burned() {
    return queries.burned();
  }

  /** Ether of an account, in wei. */
  public BigInteger wei(Address account) {
    return queries.wei(account);
  }

  @Override
  public void close() {
    rpc.close();
  }
}
