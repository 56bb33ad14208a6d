package io.granary.app;

import io.granary.app.cli.AuditCommand;
import io.granary.app.cli.AuditorCommand;
import io.granary.app.cli.ChannelCommand;
import io.granary.app.cli.DealCommand;
import io.granary.app.cli.Defaults;
import io.granary.app.cli.DemoCommand;
import io.granary.app.cli.DepositCommand;
import io.granary.app.cli.DevnetCommand;
import io.granary.app.cli.DoctorCommand;
import io.granary.app.cli.Failures;
import io.granary.app.cli.GetCommand;
import io.granary.app.cli.HealthCommand;
import io.granary.app.cli.LsCommand;
import io.granary.app.cli.MarketCommand;
import io.granary.app.cli.MinerCommand;
import io.granary.app.cli.OrderCommand;
import io.granary.app.cli.PieceCommand;
import io.granary.app.cli.PutCommand;
import io.granary.app.cli.QuoteCommand;
import io.granary.app.cli.RepairCommand;
import io.granary.app.cli.VersionCommand;
import io.granary.app.cli.WalletCommand;
import io.granary.app.cli.WithdrawCommand;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The {@code granary} command. Exit codes: 0 ok, 1 trying again may help, 2 it won't, 3 an audit
 * found something.
 */
@Command(
    name = "granary",
    description = "Rent storage for tokens, run a miner, audit proofs.",
    subcommands = {
      DemoCommand.class,
      DevnetCommand.class,
      MarketCommand.class,
      WalletCommand.class,
      DepositCommand.class,
      WithdrawCommand.class,
      QuoteCommand.class,
      PutCommand.class,
      GetCommand.class,
      LsCommand.class,
      HealthCommand.class,
      RepairCommand.class,
      DealCommand.class,
      OrderCommand.class,
      ChannelCommand.class,
      MinerCommand.class,
      AuditCommand.class,
      AuditorCommand.class,
      PieceCommand.class,
      DoctorCommand.class,
      VersionCommand.class
    },
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Try it:            granary demo",
      "A local network:   granary devnet up",
      "Help of a command: granary put --help",
      "",
      "Every option can also be set in the environment (--max-price: GRANARY_MAX_PRICE)",
      "or in config.properties in the home folder (max-price=...); the command line wins.",
      "Exit codes: 0 ok, 1 trying again may help, 2 it won't, 3 an audit found something."
    })
public final class Main {
  private Main() {}

  // What a peer's malformed bytes do to gRPC is answered with a status; a stack trace each would
  // fill the log. Kept, because
  // the JDK forgets the level of a logger that nobody holds.
  private static final List<Logger> QUIET =
      List.of(
          Logger.getLogger("io.grpc.internal.SerializingExecutor"),
          Logger.getLogger("io.grpc.netty.shaded.io.grpc.netty.NettyServerStream"));

  /** Runs a command and exits with its code. */
  public static void main(String[] args) {
    QUIET.forEach(logger -> logger.setLevel(Level.OFF));
    System.exit(run(args));
  }

  /** Runs a command and returns its exit code. */
  public static int run(String... args) {
    CommandLine line = new CommandLine(new Main());
    line.setDefaultValueProvider(new Defaults());
    line.setExecutionExceptionHandler(new Failures());
    line.setCaseInsensitiveEnumValuesAllowed(true);
    return line.execute(args);
  }
}
