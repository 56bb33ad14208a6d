package io.granary.app.cli;

import io.granary.client.ClientConfig;
import io.granary.client.Progress;
import io.granary.contracts.GranaryChain;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code granary deal handover}. */
@Command(
    name = "handover",
    description =
        "Move an active deal to another miner, on what is not spent of its price. The old miner is paid to the end of its notice, or of its last closed period when it has waived the notice. Done when the new deal is active; run it again to go on after an interruption.",
    footer = {"", "Example: granary deal handover 0x5f3a… --to 0x91b2…"})
public final class HandOverCommand implements Callable<Integer> {
  @Mixin Common common = new Common();

  @Parameters(paramLabel = "DEAL", description = "Deal id.")
  String id = "";

  @Option(
      names = "--to",
      required = true,
      paramLabel = "MINER",
      description = "The new miner; 'granary quote' lists them.")
  String to = "";

  @Option(
      names = "--file",
      paramLabel = "FILE",
      description =
          "The file, if it is at hand and stored with --public --replicas; without it the piece comes from the miners.")
  @Nullable Path file;

  @Option(
      names = "--periods",
      paramLabel = "N",
      description = "Periods of the new deal; without it as many as the old one has left.")
  @Nullable Long periods;

  @Override
  public Integer call() throws IOException {
    DealId deal = DealCommand.parse(id);
    Address miner = Address.parse(to);
    if (periods != null && periods < 1) {
      throw new IllegalArgumentException("--periods is at least 1, not " + periods);
    }
    EthKey key = common.wallet();
    try (GranaryChain chain = common.connect(Optional.of(key))) {
      Progress.Listener ticks =
          common.json ? step -> {} : new PutCommand.ProgressPrinter(common.out());
      DealSnapshot after =
          Common.client(chain, key, ClientConfig.defaults(common.home()))
              .handOver(
                  deal, miner, Optional.ofNullable(periods), Optional.ofNullable(file), ticks);
      DealSnapshot old = DealCommand.find(chain, deal);
      Map<String, Object> v = new LinkedHashMap<>(DealCommand.describe(after));
      v.put("ok", true);
      v.put("replaces", deal.toString());
      v.put("oldDeal", DealCommand.describe(old));
      common.print(
          v,
          out ->
              out.println(
                  "✓ deal "
                      + after.id()
                      + " is active with "
                      + after.miner()
                      + " and counts from period "
                      + after.start()
                      + " to "
                      + after.end()
                      + "; the old one ends before its miner's period "
                      + old.end()
                      + ", "
                      + old.price().toTokens()
                      + " tokens stay locked for what is left of it"));
      return 0;
    }
  }
}
