package io.granary.client;

import io.granary.client.testing.FakeMiner;
import io.granary.client.testing.ModelMarket;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** A client, a model market and scripted miners. */
abstract class ClientFixture {
  /** Three chunks of an upload and a bit. */
  static final int SIZE = (3 << 20) + 5;

  @TempDir Path dir;
  final ModelMarket market = new ModelMarket();
  final List<Progress> steps = new CopyOnWriteArrayList<>();
  private final EthKey wallet = EthKey.generate();
  private final List<FakeMiner> miners = new ArrayList<>();

  @AfterEach
  void stop() {
    miners.forEach(FakeMiner::close);
  }

  /** A miner; the smaller its number the cheaper. */
  final FakeMiner miner(int number) throws IOException {
    FakeMiner miner = new FakeMiner(market, dir.resolve("miner-" + number), number, number);
    miners.add(miner);
    return miner;
  }

  /** A client with what an earlier one wrote down, as after a kill; it stores files as they are. */
  final GranaryClient client(int replicas) throws IOException {
    return client(Redundancy.replicas(replicas), false);
  }

  final GranaryClient client(Redundancy redundancy, boolean encrypted) throws IOException {
    return client(wallet, redundancy, encrypted);
  }

  final GranaryClient client(EthKey key, Redundancy redundancy, boolean encrypted)
      throws IOException {
    return new GranaryClient(
        market.ports(),
        key,
        new ClientConfig(
            dir.resolve("home"),
            redundancy,
            encrypted,
            10,
            Optional.empty(),
            TokenAmount.of(1_000),
            Duration.ofMinutes(5),
            Duration.ofMillis(1)));
  }

  final byte[] bytes(int size, long seed) {
    byte[] bytes = new byte[size];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  final Path file(String name, byte[] bytes) throws IOException {
    return Files.write(dir.resolve(name), bytes);
  }

  final <T extends Progress> List<T> steps(Class<T> kind) {
    return steps.stream().filter(kind::isInstance).map(kind::cast).toList();
  }
}
