package io.granary.app.cli;

import io.granary.client.ClientConfig;
import io.granary.client.GranaryClient;
import io.granary.client.store.StoredFile;
import io.granary.contracts.GranaryChain;
import io.granary.protocol.crypto.EthKey;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code granary repair}. */
@Command(
    name = "repair",
    description =
        "Make a file whole: a piece whose deal is over goes to another miner. It comes from the miners that have it, or is computed from other pieces; the file itself is not needed.",
    footer = {"", "Example: granary repair holiday.tar --periods 90"})
public final class RepairCommand implements Callable<Integer> {
  @Mixin Common common = new Common();

  @Parameters(paramLabel = "NAME|CID", description = "As 'granary ls' lists it.")
  String what = "";

  @Option(
      names = "--periods",
      paramLabel = "N",
      description = "Proving periods to pay for in new deals (default: 30).")
  @Nullable Long periods;

  @Override
  public Integer call() throws IOException {
    EthKey key = common.wallet();
    ClientConfig defaults = ClientConfig.defaults(common.home());
    try (GranaryChain chain = common.connect(Optional.of(key))) {
      GranaryClient client =
          Common.client(
              chain,
              key,
              defaults.with(
                  defaults.redundancy(),
                  periods == null ? defaults.periods() : periods,
                  Optional.empty()));
      StoredFile repaired =
          client.repair(
              what, common.json ? step -> {} : new PutCommand.ProgressPrinter(common.out()));
      common.print(
          PutCommand.describe(repaired),
          out -> out.println("✓ " + repaired.name() + " is whole: every piece has its deals"));
      return 0;
    }
  }
}
