package io.granary.app.node;

import io.granary.auditor.AuditorConfig;
import io.granary.auditor.AuditorNode;
import io.granary.auditor.AuditorPorts;
import io.granary.contracts.ChainConfig;
import io.granary.contracts.GranaryChain;
import io.granary.contracts.deploy.Deployment;
import io.granary.contracts.devnet.Anvil;
import io.granary.contracts.rpc.RpcEndpoints;
import io.granary.miner.MinerConfig;
import io.granary.miner.MinerNode;
import io.granary.miner.MinerPorts;
import io.granary.miner.Parts;
import io.granary.miner.storage.MinerStore;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.grpc.TlsIdentity;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** The composition root of the daemons: chain ports and settings become running nodes. */
public final class Nodes {
  private Nodes() {}

  /**
   * How to reach a deployed market.
   *
   * @param rpc other endpoints than the one it was deployed through
   */
  public static ChainConfig chainConfig(Deployment deployment, Optional<RpcEndpoints> rpc) {
    ChainConfig config =
        ChainConfig.of(
            rpc.orElseGet(() -> RpcEndpoints.of(deployment.rpc())),
            deployment.market(),
            deployment.block());
    return deployment.chainId() == Anvil.CHAIN_ID ? config.forDevnet() : config;
  }

  /**
   * Starts a miner from its folder.
   *
   * @param rpc other endpoints than the deployment's
   */
  public static RunningMiner startMiner(
      MinerHome home, Optional<Path> passwordFile, Optional<RpcEndpoints> rpc) throws IOException {
    return startMiner(home, home.settings(), passwordFile, rpc);
  }

  /** The same with other settings than the folder's. */
  public static RunningMiner startMiner(
      MinerHome home,
      MinerSettings settings,
      Optional<Path> passwordFile,
      Optional<RpcEndpoints> rpc)
      throws IOException {
    EthKey operator = home.operator(passwordFile);
    requireNotOwner(operator, settings);
    ChainConfig chainConfig = chainConfig(home.deployment(), rpc);
    MinerConfig config = settings.config(home.dir()).withConfirmations(chainConfig.confirmations());
    if (chainConfig.confirmations() == 0) {
      // A local chain makes blocks faster than networks do.
      config = config.withTuning(Devnets.tuning(config.tuning()));
    }
    Deployment deployment = home.deployment();
    MinerStore store =
        MinerNode.openStore(
            config, new SigningDomain(deployment.chainId(), deployment.market()), settings.id());
    Deque<AutoCloseable> opened = new ArrayDeque<>(List.of(store));
    try {
      GranaryChain chain =
          GranaryChain.connect(
              chainConfig, Optional.of(operator), store.transactions(operator.address()));
      opened.addLast(chain);
      MinerNode node =
          MinerNode.start(
              config,
              new MinerPorts(
                  chain.queries(),
                  chain.queries(),
                  chain.actions(),
                  chain.queries(),
                  chain.events()),
              operator,
              settings.id(),
              home.tlsKeys(),
              store);
      return new RunningMiner(node, chain);
    } catch (IOException | RuntimeException e) {
      Parts.close(opened, e);
      throw e;
    }
  }

  /**
   * A miner is known by its owner's address, so a node with that key could be robbed of stake and
   * collateral, not only of a day's gas.
   */
  private static void requireNotOwner(EthKey operator, MinerSettings settings) throws IOException {
    if (operator.address().equals(settings.id())) {
      throw new IOException(
          "the operator key "
              + operator.address()
              + " is the key of the miner's owner, which must not lie on the node: make another with"
              + " 'granary miner rotate-operator' and start the node again");
    }
  }

  /** Starts an auditor. */
  public static AutoCloseable startAuditor(
      Path home,
      ChainConfig chainConfig,
      EthKey identity,
      InetSocketAddress listen,
      boolean dispute)
      throws IOException {
    GranaryChain chain = GranaryChain.connect(chainConfig, Optional.of(identity));
    try {
      AuditorConfig defaults = AuditorConfig.defaults(home);
      Duration poll = chainConfig.confirmations() == 0 ? Duration.ofMillis(500) : defaults.poll();
      AuditorNode node =
          AuditorNode.start(
              new AuditorConfig(home, listen, poll, true, dispute),
              new AuditorPorts(
                  chain.queries(),
                  chain.queries(),
                  chain.queries(),
                  chain.queries(),
                  chain.events(),
                  chain.actions(),
                  chain.actions()),
              identity,
              TlsIdentity.load(home));
      return () -> {
        node.close();
        chain.close();
      };
    } catch (IOException | RuntimeException e) {
      chain.close();
      throw e;
    }
  }

  /** Ether as people write it. */
  public static BigInteger ether(long ether) {
    return BigInteger.valueOf(ether).multiply(BigInteger.TEN.pow(18));
  }
}
