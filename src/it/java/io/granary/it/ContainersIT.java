package io.granary.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Volume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.output.OutputFrame;
import org.testcontainers.containers.startupcheck.OneShotStartupCheckStrategy;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.MountableFile;

/**
 * The images that {@code docker/build.sh} makes, started as {@code docker/compose.yaml} starts
 * them: a market whose parts see each other only over a container network.
 */
class ContainersIT {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Duration START = Duration.ofMinutes(2);

  @TempDir Path dir;
  private final String run = UUID.randomUUID().toString().substring(0, 8);
  private final List<String> volumes = new ArrayList<>();
  private final List<GenericContainer<?>> running = new ArrayList<>();
  private Network network;

  @BeforeAll
  static void buildImages() throws IOException, InterruptedException {
    Process build =
        new ProcessBuilder(ROOT.resolve("docker/build.sh").toString(), "--no-build")
            .inheritIO()
            .start();
    assertEquals(0, build.waitFor(), "docker/build.sh");
  }

  @BeforeEach
  void openNetwork() {
    network = Network.newNetwork();
  }

  @AfterEach
  void stopAll() {
    running.reversed().forEach(GenericContainer::stop);
    network.close();
    volumes.forEach(v -> DockerClientFactory.lazyClient().removeVolumeCmd(v).exec());
  }

  private String volume(String name) {
    String volume = "granary-it-" + run + "-" + name;
    if (!volumes.contains(volume)) {
      volumes.add(volume);
    }
    return volume;
  }

  private GenericContainer<?> node(String home, String... command) {
    List<Bind> binds =
        List.of(
            new Bind(volume("market"), new Volume("/market")),
            new Bind(volume(home), new Volume("/data")));
    GenericContainer<?> container =
        new GenericContainer<>("granary-node")
            .withNetwork(network)
            .withNetworkAliases(home)
            .withEnv("GRANARY_DEPLOYMENT", "/market/deployment.json")
            .withEnv("GRANARY_LOG_LEVEL", "INFO")
            .withCommand(command)
            .withStartupTimeout(START)
            .withCreateContainerCmdModifier(
                create -> {
                  HostConfig host = create.getHostConfig();
                  create.withHostConfig((host == null ? new HostConfig() : host).withBinds(binds));
                });
    running.add(container);
    return container;
  }

  private GenericContainer<?> devnetNode(String home, String... command) {
    GenericContainer<?> container = node(home, command);
    return container.withCreateContainerCmdModifier(create -> create.withEntrypoint("devnet-node"));
  }

  private void once(GenericContainer<?> container) {
    container.withStartupCheckStrategy(new OneShotStartupCheckStrategy().withTimeout(START));
    container.start();
  }

  private GenericContainer<?> miner(String name) {
    GenericContainer<?> miner =
        devnetNode(name, "miner", name + ":7420")
            .waitingFor(Wait.forLogMessage(".*runs at.*", 1).withStartupTimeout(START));
    miner.start();
    return miner;
  }

  /** Runs one command of the client and gives what it printed on standard output. */
  private String client(Path file, String inside, String... command) {
    GenericContainer<?> client = node("client", command);
    if (file != null) {
      client.withCopyFileToContainer(MountableFile.forHostPath(file), inside);
    }
    once(client);
    return client.getLogs(OutputFrame.OutputType.STDOUT);
  }

  private static JsonNode json(String text) throws IOException {
    return new ObjectMapper().readTree(text);
  }

  @Test
  void a_market_in_containers_stores_proves_and_gives_back() throws Exception {
    GenericContainer<?> chain =
        new GenericContainer<>("granary-chain")
            .withNetwork(network)
            .withNetworkAliases("chain")
            .withExposedPorts(8545)
            .waitingFor(Wait.forLogMessage(".*Listening on.*", 1));
    running.add(chain);
    chain.start();
    once(devnetNode("deployer", "market", "http://chain:8545"));
    GenericContainer<?> first = miner("miner-1");
    miner("miner-2");
    assertEquals("10001", first.execInContainer("id", "-u").getStdout().strip(), "never as root");
    once(devnetNode("client", "client", "1000"));

    byte[] bytes = new byte[300_000];
    new Random(run.hashCode()).nextBytes(bytes);
    Path file = Files.write(dir.resolve("file.bin"), bytes);
    JsonNode put =
        json(client(file, "/tmp/file.bin", "put", "/tmp/file.bin", "--replicas", "2", "--json"));
    assertTrue(put.path("ok").asBoolean(), put::toString);
    assertEquals(2, put.path("deals").size(), put::toString);

    String deal = put.path("deals").get(0).asText();
    String miner = json(client(null, "", "deal", "show", deal, "--json")).path("miner").asText();
    assertFalse(miner.isEmpty());

    // One miner's machine fails; the other gives the file back.
    first.getDockerClient().killContainerCmd(first.getContainerId()).exec();
    GenericContainer<?> get = node("client", "get", "file.bin", "-o", "/data/back.bin");
    once(get);
    get.copyFileFromContainer("/data/back.bin", dir.resolve("back.bin").toString());
    assertArrayEquals(bytes, Files.readAllBytes(dir.resolve("back.bin")));

    JsonNode audit = json(client(null, "", "audit", "--json"));
    assertTrue(audit.path("ok").asBoolean(), audit::toString);
  }
}
