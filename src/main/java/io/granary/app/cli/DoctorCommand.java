package io.granary.app.cli;

import io.granary.app.node.Devnets;
import io.granary.contracts.GranaryChain;
import io.granary.contracts.devnet.Anvil;
import io.granary.protocol.chain.ChainUnavailableException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code granary doctor}. */
@Command(
    name = "doctor",
    description =
        "Check what a command would need: Java, disk, home, market, endpoint, wallet, the local chain.")
public final class DoctorCommand implements Callable<Integer> {
  private static final long ENOUGH_DISK = 1L << 30;

  @Mixin Common common = new Common();

  private record Check(String name, boolean ok, String found) {}

  @Override
  public Integer call() throws IOException {
    List<Check> checks = new ArrayList<>();
    checks.add(
        new Check(
            "java",
            Runtime.version().feature() >= 25,
            Runtime.version() + (Runtime.version().feature() >= 25 ? "" : ": JDK 25 is needed")));
    Files.createDirectories(common.home());
    checks.add(new Check("home", Files.isWritable(common.home()), common.home().toString()));
    long free = Files.getFileStore(common.home()).getUsableSpace();
    checks.add(
        new Check(
            "disk",
            free >= ENOUGH_DISK,
            Out.bytes(free)
                + " free"
                + (free >= ENOUGH_DISK ? "" : ": free some, a miner needs more")));
    checks.add(wallet());
    checks.add(market());
    checks.add(localChain());
    List<Map<String, Object>> rows = new ArrayList<>();
    for (Check c : checks) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("check", c.name());
      row.put("ok", c.ok());
      row.put("found", c.found());
      rows.add(row);
    }
    boolean ok = checks.stream().allMatch(Check::ok);
    common.print(
        Map.of("ok", ok, "checks", rows),
        out ->
            checks.forEach(
                c ->
                    out.println(
                        (c.ok() ? "✓ " : "✗ ") + String.format("%-12s %s", c.name(), c.found()))));
    return ok ? 0 : Failures.WRONG;
  }

  private Check wallet() {
    boolean there = Files.isRegularFile(common.walletFile());
    return new Check(
        "wallet",
        there,
        common.walletFile() + (there ? "" : " is missing: 'granary wallet new' makes it"));
  }

  private Check market() {
    try (GranaryChain chain = common.connect(Optional.empty())) {
      return new Check(
          "market",
          true,
          chain.terms().domain().market()
              + " on chain "
              + chain.terms().domain().chainId()
              + ", block "
              + chain.queries().head().number()
              + ", "
              + chain.queries().miners().size()
              + " miners");
    } catch (IOException | ChainUnavailableException | IllegalArgumentException e) {
      return new Check("market", false, String.valueOf(e.getMessage()));
    }
  }

  private static Check localChain() {
    try {
      return new Check(
          "local chain", true, Anvil.binary(Devnets.root()) + " is there for devnet and demo");
    } catch (IOException e) {
      return new Check("local chain", false, String.valueOf(e.getMessage()));
    }
  }
}
