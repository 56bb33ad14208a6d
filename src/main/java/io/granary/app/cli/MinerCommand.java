package io.granary.app.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.app.node.MinerHome;
import io.granary.app.node.MinerSettings;
import io.granary.app.node.Nodes;
import io.granary.app.node.RunningMiner;
import io.granary.app.node.UntilStopped;
import io.granary.contracts.GranaryChain;
import io.granary.contracts.deploy.Deployment;
import io.granary.contracts.keys.Keystores;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code granary miner}. */
@Command(
    name = "miner",
    description = "Run a miner.",
    subcommands = {
      MinerCommand.Init.class,
      MinerCommand.Run.class,
      MinerCommand.Status.class,
      MinerCommand.Deals.class,
      MinerProvingCommand.class,
      MinerEarningsCommand.class,
      MinerPriceCommand.class,
      MinerOwnerCommands.Pause.class,
      MinerOwnerCommands.Resume.class,
      MinerOwnerCommands.Update.class,
      MinerOwnerCommands.RotateOperator.class,
      MinerTlsCommand.class,
      MinerOwnerCommands.Maintenance.class,
      MinerFaultCommands.Declare.class,
      MinerFaultCommands.Recover.class,
      MinerBackupCommands.Backup.class,
      MinerBackupCommands.Restore.class,
      MinerBackupCommands.Drain.class,
      MinerDoctorCommand.class,
      MinerRepairCommands.Verify.class,
      MinerRepairCommands.Repair.class,
      MandateCommand.Renewals.class,
      MinerOwnerCommands.End.class,
      MinerBudgetCommand.class,
      MinerChannelCommands.Channels.class,
      MinerChannelCommands.Redeem.class,
      MinerChannelCommands.Consent.class,
      MinerHandOverCommand.class,
      MinerOwnerCommands.Exit.class
    },
    mixinStandardHelpOptions = true)
public final class MinerCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    throw new IllegalArgumentException(
        "say what to do: granary miner init, run, status, deals, proving, earnings, price, pause, resume, renewals, update,"
            + " rotate-operator, rotate-tls, maintenance, fault, recover, backup, restore, drain, doctor, verify, repair, end, handover, channels, redeem, consent or exit");
  }

  /** Where the miner lives. */
  static class Place {
    @Mixin Common common = new Common();

    @Option(
        names = "--miner-home",
        paramLabel = "DIR",
        description = "Folder of the miner (default: miner in the home).")
    @Nullable Path minerHome;

    MinerHome place() {
      return new MinerHome(minerHome == null ? common.home().resolve("miner") : minerHome);
    }

    JsonNode status() throws IOException {
      return read(place().statusFile());
    }

    JsonNode deals() throws IOException {
      return read(place().dealsFile());
    }

    private static JsonNode read(Path file) throws IOException {
      if (!Files.isRegularFile(file)) {
        throw new IOException(
            file + " is missing: the miner has not run yet; start it with 'granary miner run'");
      }
      return new ObjectMapper().readTree(file.toFile());
    }
  }

  /** {@code granary miner init}. */
  @Command(
      name = "init",
      description =
          "Make a miner: its operator and TLS keys, its stake and registration. The wallet in the home is the owner and is not needed by the running node.",
      footer = {
        "",
        "Example: granary miner init --endpoint storage.example.org:7420 --stake 100 --collateral 500"
      })
  public static final class Init extends Place implements Callable<Integer> {
    @Option(
        names = "--endpoint",
        paramLabel = "HOST:PORT",
        required = true,
        description = "What peers are told.")
    String endpoint = "";

    @Option(
        names = "--listen",
        paramLabel = "HOST:PORT",
        description = "What the node binds (default: the endpoint).")
    @Nullable String listen;

    @Option(
        names = "--stake",
        paramLabel = "TOKENS",
        defaultValue = "100",
        description = "Stake (default: ${DEFAULT-VALUE}).")
    String stake = "100";

    @Option(
        names = "--collateral",
        paramLabel = "TOKENS",
        description = "Deposit so many tokens for the collateral of deals.")
    @Nullable String collateral;

    @Option(
        names = "--capacity",
        paramLabel = "BYTES",
        defaultValue = "68719476736",
        description = "Disk to offer (default: 64 GiB).")
    long capacity;

    @Option(
        names = "--price",
        paramLabel = "UNITS",
        defaultValue = "1000000000",
        description = "Token units for one 32-byte leaf and period (default: ${DEFAULT-VALUE}).")
    long price;

    @Option(
        names = "--collateral-per-leaf",
        paramLabel = "UNITS",
        defaultValue = "30000000000",
        description = "Token units locked for one leaf (default: ${DEFAULT-VALUE}).")
    long collateralPerLeaf;

    @Override
    public Integer call() throws IOException {
      EthKey owner = common.wallet();
      Deployment deployment = common.market();
      MinerHome home = place();
      MinerSettings settings =
          MinerSettings.of(
              owner.address().toString(),
              endpoint,
              listen == null ? endpoint : listen,
              capacity,
              price,
              collateralPerLeaf);
      io.granary.app.node.Endpoints.parse(settings.endpoint());
      io.granary.app.node.Endpoints.parse(settings.listen());
      try (GranaryChain chain = common.connect(Optional.of(owner))) {
        if (chain.queries().miner(owner.address()).isPresent()) {
          throw new IllegalArgumentException(
              owner.address()
                  + " is a miner already; change it with 'granary miner update', or take another wallet");
        }
        EthKey operator =
            home.create(settings, deployment, common.newPassword(), Keystores.Strength.STANDARD);
        chain
            .actions()
            .register(
                operator.address(),
                TokenAmount.parseTokens(stake),
                endpoint,
                home.tls().tlsKeyHash(),
                settings.price())
            .orThrow();
        if (collateral != null) {
          chain.actions().deposit(TokenAmount.parseTokens(collateral)).orThrow();
        }
        Map<String, Object> v = new LinkedHashMap<>();
        v.put("ok", true);
        v.put("miner", settings.miner());
        v.put("operator", operator.address().toString());
        v.put("home", home.dir().toString());
        common.print(
            v,
            out -> {
              out.println(
                  "✓ registered miner "
                      + settings.miner()
                      + " with a stake of "
                      + stake
                      + " at "
                      + endpoint);
              out.println(
                  "  send the operator "
                      + operator.address()
                      + " ether for gas, then: granary miner run --miner-home "
                      + home.dir());
            });
      }
      return 0;
    }
  }

  /** {@code granary miner run}. */
  @Command(
      name = "run",
      description =
          "Run the miner until stopped (SIGTERM, or 'granary miner drain'). A restart resumes.")
  public static final class Run extends Place implements Callable<Integer> {
    @Option(
        names = "--metrics",
        paramLabel = "HOST:PORT",
        description =
            "Serve /metrics (Prometheus), /health/live and /health/ready there (default: 'metrics' in miner.json, else nowhere).")
    @Nullable String metrics;

    @Option(
        names = "--alerts",
        paramLabel = "URL",
        description = "Post alerts there as JSON (default: 'alerts' in miner.json, else nowhere).")
    @Nullable String alerts;

    @Option(
        names = "--traces",
        paramLabel = "URL",
        description =
            "Send traces there, OTLP over HTTP (default: 'traces' in miner.json, else nowhere).")
    @Nullable String traces;

    @Override
    public Integer call() throws IOException, InterruptedException {
      RunningMiner node =
          Nodes.startMiner(
              place(),
              place().settings().withOps(metrics, alerts, traces),
              Optional.ofNullable(common.passwordFile),
              common.endpoints());
      common
          .out()
          .println(
              "miner "
                  + place().settings().miner()
                  + " runs at "
                  + place().settings().listen()
                  + "; stop it with Ctrl-C");
      common.out().flush();
      UntilStopped.run(node, node.whenDrained());
      return 0;
    }
  }

  /** {@code granary miner status}. */
  @Command(name = "status", description = "How the running miner is, as of its last block.")
  public static final class Status extends Place implements Callable<Integer> {
    @Override
    public Integer call() throws IOException {
      JsonNode status = status();
      common.print(status, out -> MinerScreen.print(out, status, Instant.now()));
      return 0;
    }
  }

  /** {@code granary miner deals}. */
  @Command(name = "deals", description = "The miner's deals, as of its last block.")
  public static final class Deals extends Place implements Callable<Integer> {
    @Override
    public Integer call() throws IOException {
      JsonNode deals = deals();
      common.print(
          deals,
          out -> {
            java.util.List<java.util.List<String>> table = new java.util.ArrayList<>();
            table.add(java.util.List.of("DEAL", "STAGE", "STATE", "BYTES", "REASON"));
            for (JsonNode d : deals) {
              table.add(
                  java.util.List.of(
                      d.path("id").asText(),
                      d.path("stage").asText(),
                      d.path("state").asText(),
                      Out.bytes(d.path("bytes").asLong()),
                      d.path("reason").asText()));
            }
            Out.table(out, table);
          });
      return 0;
    }
  }
}
