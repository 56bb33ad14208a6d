package io.granary.contracts;

import io.granary.contracts.bindings.DevToken;
import io.granary.contracts.bindings.MinerRegistry;
import io.granary.contracts.bindings.StorageMarket;
import io.granary.contracts.rpc.Rpc;
import io.granary.contracts.tx.TransactionSender;
import io.granary.protocol.chain.MarketTerms;
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
  private final ChainQueries queries;
  private final @Nullable ChainActions actions;

  private GranaryChain(
      ChainConfig config,
      Rpc rpc,
      MarketTerms terms,
      ChainQueries queries,
      @Nullable ChainActions actions) {
    this.config = config;
    this.rpc = rpc;
    this.terms = terms;
    this.queries = queries;
    this.actions = actions;
  }

  /**
   * Connects and checks that there is a market.
   *
   * @param signer key that transactions are sent with; empty for reading only
   * @throws io.granary.protocol.chain.ChainUnavailableException when the endpoint does not answer
   * @throws IllegalArgumentException when no market is at that address
   */
  public static GranaryChain connect(ChainConfig config, Optional<EthKey> signer) {
    Rpc rpc = new Rpc(config.rpc());
    try {
      long chainId = rpc.send(rpc.web3j().ethChainId()).getChainId().longValueExact();
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
      ChainQueries queries = new ChainQueries(config, rpc, terms, bound);
      ChainActions actions =
          signer
              .map(
                  key ->
                      new ChainActions(
                          terms,
                          bound,
                          calls,
                          new TransactionSender(
                              rpc,
                              chainId,
                              key,
                              new TransactionSender.Patience(
                                  config.confirmations(),
                                  config.poll(),
                                  config.resendAfter(),
                                  config.giveUpAfter())),
                          key))
              .orElse(null);
      return new GranaryChain(config, rpc, terms, queries, actions);
    } catch (RuntimeException e) {
      rpc.close();
      throw e;
    }
  }

  /** The contracts of one market. */
  record Bound(StorageMarket market, MinerRegistry registry, DevToken token) {}

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
        p.maxFaultyPeriods.intValueExact(),
        p.faultFeeBps.intValueExact());
  }

  /** The market's parameters. */
  public MarketTerms terms() {
    return terms;
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
