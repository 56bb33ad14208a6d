package io.granary.app.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.app.node.Devnets;
import io.granary.contracts.GranaryChain;
import io.granary.contracts.deploy.Deployment;
import io.granary.contracts.devnet.Faucet;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code granary devnet}. */
@Command(
    name = "devnet",
    description = "A local chain with a market, for development.",
    subcommands = {
      DevnetCommand.Up.class,
      DevnetCommand.Down.class,
      DevnetCommand.Status.class,
      DevnetCommand.Fund.class
    },
    mixinStandardHelpOptions = true)
public final class DevnetCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    throw new IllegalArgumentException("say what to do: granary devnet up, down, status or fund");
  }

  private static Path pidFile(Common common) {
    return common.home().resolve("devnet.json");
  }

  private static Optional<ProcessHandle> running(Common common) throws IOException {
    if (!Files.isRegularFile(pidFile(common))) {
      return Optional.empty();
    }
    JsonNode json = new ObjectMapper().readTree(pidFile(common).toFile());
    // A process id is used again some day: only the one that began when ours did is ours.
    return ProcessHandle.of(json.path("pid").asLong())
        .filter(
            p ->
                p.info()
                    .startInstant()
                    .map(s -> s.toString().equals(json.path("started").asText()))
                    .orElse(false));
  }

  /** {@code granary devnet up}. */
  @Command(
      name = "up",
      description =
          "Start the chain in the background and deploy a market; writes deployment.json into the home.")
  public static final class Up implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Option(
        names = "--port",
        defaultValue = "8545",
        description = "Port of the chain (default: ${DEFAULT-VALUE}).")
    int port;

    @Option(
        names = "--block-time",
        paramLabel = "SECONDS",
        defaultValue = "1",
        description = "Seconds between blocks (default: ${DEFAULT-VALUE}).")
    double blockTime;

    @Override
    public Integer call() throws IOException {
      if (running(common).isPresent()) {
        throw new IOException(
            "a local network of "
                + common.home()
                + " runs already: 'granary devnet down' stops it");
      }
      Devnets.Devnet net =
          Devnets.start(common.home(), port, Duration.ofMillis(Math.round(blockTime * 1000)));
      ProcessHandle process = ProcessHandle.of(net.chain().pid()).orElseThrow();
      Files.writeString(
          pidFile(common),
          Out.json(
              Map.of(
                  "pid",
                  process.pid(),
                  "started",
                  process.info().startInstant().orElseThrow().toString())));
      Deployment d = net.deployment();
      common.print(
          Map.of(
              "ok",
              true,
              "rpc",
              d.rpc().toString(),
              "market",
              d.market().toString(),
              "token",
              d.token().toString(),
              "pid",
              process.pid()),
          out -> {
            out.println("✓ chain at " + d.rpc() + ", market " + d.market());
            out.println(
                "  next: granary wallet new --light; granary devnet fund ADDRESS; granary devnet down stops it");
          });
      return 0;
    }
  }

  /** {@code granary devnet down}. */
  @Command(name = "down", description = "Stop the local chain.")
  public static final class Down implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Override
    public Integer call() throws IOException {
      Optional<ProcessHandle> process = running(common);
      process.ifPresent(
          p -> {
            p.destroyForcibly();
            p.onExit().join();
          });
      Files.deleteIfExists(pidFile(common));
      common.print(
          Map.of("ok", true, "stopped", process.isPresent()),
          out ->
              out.println(
                  process.isPresent()
                      ? "✓ stopped"
                      : "no local network of " + common.home() + " runs"));
      return 0;
    }
  }

  /** {@code granary devnet status}. */
  @Command(name = "status", description = "Is the local chain up, and at which block?")
  public static final class Status implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Override
    public Integer call() throws IOException {
      try (GranaryChain chain = common.connect(Optional.empty())) {
        long head = chain.queries().head().number().value();
        int miners = chain.queries().miners().size();
        common.print(
            Map.of(
                "ok",
                true,
                "block",
                head,
                "miners",
                miners,
                "market",
                chain.terms().domain().market().toString()),
            out ->
                out.println(
                    "block "
                        + head
                        + ", "
                        + miners
                        + " miners, market "
                        + chain.terms().domain().market()));
        return 0;
      }
    }
  }

  /** {@code granary devnet fund}. */
  @Command(name = "fund", description = "Give an account ether and development tokens.")
  public static final class Fund implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Parameters(paramLabel = "ADDRESS", description = "The account.")
    String address = "";

    @Option(
        names = "--tokens",
        defaultValue = "10000",
        description = "How many tokens (default: ${DEFAULT-VALUE}).")
    String tokens = "";

    @Override
    public Integer call() throws IOException {
      Address account = Address.parse(address);
      Deployment d = common.market();
      try (Faucet faucet = new Faucet(d.rpc(), d.token())) {
        faucet.give(account, 100, TokenAmount.parseTokens(tokens));
      }
      common.print(
          Map.of("ok", true, "address", account.toString(), "tokens", tokens),
          out -> out.println("✓ " + account + " has 100 ether and " + tokens + " more tokens"));
      return 0;
    }
  }
}
