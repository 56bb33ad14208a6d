package io.granary.app.cli;

import io.granary.client.ClientConfig;
import io.granary.client.GranaryClient;
import io.granary.contracts.GranaryChain;
import io.granary.protocol.crypto.EthKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code granary get}. */
@Command(
    name = "get",
    description =
        "Fetch a file from the miners that give it back. Every range is verified before it is kept; one that fails or is slow is replaced by the next, and the same get goes on where one stopped.",
    footer = {"", "Example: granary get holiday.tar -o /tmp/holiday.tar"})
public final class GetCommand implements Callable<Integer> {
  @Mixin Common common = new Common();

  @Parameters(paramLabel = "NAME|CID", description = "As 'granary ls' lists it.")
  String what = "";

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Where to (default: the file's name, here).")
  @Nullable Path output;

  @Override
  public Integer call() throws IOException {
    EthKey key = common.wallet();
    try (GranaryChain chain = common.connect(Optional.of(key))) {
      GranaryClient client = Common.client(chain, key, ClientConfig.defaults(common.home()));
      Path target = output == null ? Path.of(client.find(what).name()) : output;
      client.get(
          what,
          target.toAbsolutePath(),
          common.json ? step -> {} : new PutCommand.ProgressPrinter(common.out()));
      common.print(
          Map.of("ok", true, "file", target.toString(), "bytes", Files.size(target)),
          out -> out.println("✓ " + target + ": verified, bit for bit"));
      return 0;
    }
  }
}
