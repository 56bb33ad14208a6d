package io.granary.kill;

import io.granary.app.node.MinerHome;
import io.granary.app.node.MinerSettings;
import io.granary.client.grpc.MinerConnection;
import io.granary.contracts.DevMarket;
import io.granary.contracts.keys.Keystores;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/** A miner process, the gate between it and the chain, and a client's connection to it. */
final class MinerRig implements AutoCloseable {
  final Address miner;
  final Path home;
  final Path log;
  final String endpoint;
  final ChainGate gate;
  final MinerProcess process;
  final MinerConnection connection;
  final MinerHome folder;
  private final Path password;

  /**
   * Makes its folder; nothing runs yet.
   *
   * @param dir where the folder is made, by this name
   * @param watch told of the transactions that pass
   * @param lines told each line of its log
   */
  MinerRig(
      DevMarket market,
      Path dir,
      String name,
      Address owner,
      EthKey operator,
      ChainGate.Watch watch,
      Consumer<String> lines)
      throws IOException {
    miner = owner;
    password = Files.writeString(dir.resolve("password"), "secret");
    home = Files.createDirectories(dir.resolve(name));
    log = dir.resolve(name + ".log");
    Keystores.save(operator, "secret", home.resolve("operator.json"), Keystores.Strength.LIGHT);
    endpoint = "127.0.0.1:" + freePort();
    folder = new MinerHome(home);
    folder.create(
        MinerSettings.of(
            owner.toString(),
            endpoint,
            endpoint,
            4L << 30,
            DevMarket.PRICE_PER_LEAF.units().longValueExact(),
            3_000_000_000L),
        market.deployment,
        "secret",
        Keystores.Strength.LIGHT);
    gate =
        new ChainGate(
            market.anvil.endpoint(), Path.of("..", "contracts", "abi", "StorageMarket.abi"), watch);
    process = new MinerProcess(home, log, lines);
    connection =
        new MinerConnection(
            new MinerRecord(
                new PeerRecord(owner, endpoint, folder.tls().tlsKeyHash()),
                operator.address(),
                TokenAmount.ZERO,
                true,
                false,
                DevMarket.PRICE_PER_LEAF,
                0),
            market.client.terms().domain(),
            market.clientKey);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Starts the process; it is up some time later. */
  void start() throws IOException {
    process.start(gate.endpoint(), password);
  }

  @Override
  public void close() {
    connection.close();
    process.close();
    gate.close();
  }
}
