package io.granary.contracts.deploy;

import io.granary.contracts.SeedKind;
import io.granary.contracts.bindings.BlockHashSeed;
import io.granary.contracts.bindings.DevToken;
import io.granary.contracts.bindings.MinerRegistry;
import io.granary.contracts.bindings.PaymentChannels;
import io.granary.contracts.bindings.PrevRandaoSeed;
import io.granary.contracts.bindings.StorageMarket;
import io.granary.contracts.rpc.Rpc;
import io.granary.contracts.tx.TransactionSender;
import io.granary.protocol.chain.TxRefusedException;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.Address;
import java.math.BigInteger;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.web3j.abi.FunctionEncoder;
import org.web3j.abi.datatypes.Type;
import org.web3j.crypto.ContractUtils;
import org.web3j.protocol.core.DefaultBlockParameterName;

/**
 * Deploys a market: seed source, registry, the contracts that make up the market and payment
 * channels, and on a devnet the token too.
 */
public final class MarketDeployer implements AutoCloseable {
  /**
   * The contracts of a market but the first, from the last on: each is told the one that follows
   * it.
   */
  private static final List<String> PARTS =
      List.of("MarketReads", "MarketExits", "MarketFaults", "MarketTerms");

  private final Rpc rpc;
  private final URI endpoint;
  private final long chainId;
  private final EthKey deployer;
  private final TransactionSender sender;

  /** Deploys with a key that has ether. */
  public MarketDeployer(URI endpoint, EthKey deployer, Duration poll) {
    this.rpc = new Rpc(endpoint);
    this.endpoint = endpoint;
    this.chainId = rpc.send(rpc.web3j().ethChainId()).getChainId().longValueExact();
    this.deployer = deployer;
    this.sender =
        new TransactionSender(
            rpc,
            chainId,
            deployer,
            new TransactionSender.Patience(0, poll, Duration.ofSeconds(30), Duration.ofMinutes(5)));
  }

  /** The chain that the endpoint serves. */
  public long chainId() {
    return chainId;
  }

  /** Deploys. Without a token a {@code DevToken} is deployed, which is worth nothing. */
  @SuppressWarnings("rawtypes") // as web3j wants them
  public Deployment deploy(
      MarketParameters parameters, SeedKind seeds, Optional<Address> existingToken) {
    Address token = existingToken.orElseGet(() -> create(DevToken.BINARY, ""));
    Address seedSource =
        switch (seeds) {
          case BLOCK_HASH -> create(BlockHashSeed.BINARY, "");
          case RANDAO ->
              create(
                  PrevRandaoSeed.BINARY,
                  FunctionEncoder.encodeConstructor(
                      List.of(
                          new org.web3j.abi.datatypes.generated.Uint256(
                              parameters.seedLookahead()))));
        };
    // The registry names the market, which is created after the registry and all its other parts.
    BigInteger nonce =
        rpc.send(
                rpc.web3j()
                    .ethGetTransactionCount(
                        deployer.address().toString(), DefaultBlockParameterName.PENDING))
            .getTransactionCount();
    Address predicted =
        Address.parse(
            ContractUtils.generateContractAddress(
                deployer.address().toString(), nonce.add(BigInteger.valueOf(1L + PARTS.size()))));
    Address registry =
        create(
            MinerRegistry.BINARY,
            FunctionEncoder.encodeConstructor(
                List.of(
                    new org.web3j.abi.datatypes.Address(token.toString()),
                    new org.web3j.abi.datatypes.Address(predicted.toString()),
                    new org.web3j.abi.datatypes.generated.Uint96(parameters.minStake().units()))));
    StorageMarket.MarketParams params = struct(parameters, token, registry, seedSource);
    List<Type> arguments = List.of(params);
    for (String part : PARTS) {
      Address made = create(Bytecode.of(part), FunctionEncoder.encodeConstructor(arguments));
      arguments = List.of(params, new org.web3j.abi.datatypes.Address(made.toString()));
    }
    Address market = create(StorageMarket.BINARY, FunctionEncoder.encodeConstructor(arguments));
    if (!market.equals(predicted)) {
      throw new IllegalStateException(
          "the market is at "
              + market
              + ", its registry says "
              + predicted
              + ": the deployer key was used meanwhile; deploy again");
    }
    Address channels =
        create(
            PaymentChannels.BINARY,
            FunctionEncoder.encodeConstructor(
                List.of(
                    new org.web3j.abi.datatypes.Address(token.toString()),
                    new org.web3j.abi.datatypes.generated.Uint32(
                        parameters.channelChallengeBlocks()))));
    long block = rpc.send(rpc.web3j().ethBlockNumber()).getBlockNumber().longValueExact();
    return new Deployment(
        endpoint, chainId, token, seedSource, registry, market, Optional.of(channels), block);
  }

  private Address create(String binary, String arguments) {
    TransactionSender.Outcome outcome =
        sender.send(TransactionSender.Call.to(null, binary + arguments));
    TransactionSender.Mined mined = outcome.mined();
    if (mined == null) {
      throw new TxRefusedException((io.granary.protocol.chain.TxResult.Refused) outcome.result());
    }
    return Address.parse(mined.receipt().getContractAddress());
  }

  private static StorageMarket.MarketParams struct(
      MarketParameters p, Address token, Address registry, Address seedSource) {
    return new StorageMarket.MarketParams(
        token.toString(),
        registry.toString(),
        seedSource.toString(),
        BigInteger.valueOf(p.periodBlocks()),
        BigInteger.valueOf(p.windowBlocks()),
        BigInteger.valueOf(p.challenges()),
        BigInteger.valueOf(p.sealChallenges()),
        BigInteger.valueOf(p.sealDelay()),
        BigInteger.valueOf(p.maxMissRun()),
        BigInteger.valueOf(p.withdrawNotice()),
        BigInteger.valueOf(p.collateralHold()),
        BigInteger.valueOf(p.maxPeriods()),
        BigInteger.valueOf(p.maxActivationBlocks()),
        BigInteger.valueOf(p.missPenaltyBps()),
        BigInteger.valueOf(p.priceBurnBps()),
        BigInteger.valueOf(p.expireBurnBps()),
        p.tipCap().units(),
        p.minPricePerLeafPeriod().units(),
        p.minCollateralPerLeaf().units(),
        BigInteger.valueOf(p.maintenanceNotice()),
        BigInteger.valueOf(p.maintenancePeriods()),
        BigInteger.valueOf(p.maintenanceQuarter()),
        BigInteger.valueOf(p.demandBlocks()),
        BigInteger.valueOf(p.demandSpacing()),
        BigInteger.valueOf(p.demandGas()),
        BigInteger.valueOf(p.maxFaultyPeriods()),
        BigInteger.valueOf(p.faultFeeBps()));
  }

  @Override
  public void close() {
    rpc.close();
  }
}
