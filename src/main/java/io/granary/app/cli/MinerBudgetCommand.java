package io.granary.app.cli;

import io.granary.contracts.GranaryChain;
import io.granary.protocol.chain.CollateralBudget;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code granary miner budget}: what a thief of the operator key could lock at most. */
@Command(
    name = "budget",
    description =
        "Limit the collateral that the operator key may lock in a window of N blocks, from the same block on. Without arguments: the limit, and what is spent of it.",
    footer = {
      "",
      "Example: granary miner budget 250 --blocks 7200",
      "         granary miner budget --unlimited",
      "         granary miner budget"
    })
final class MinerBudgetCommand extends MinerCommand.Place implements Callable<Integer> {
  private static final long MAX_BLOCKS = 0xffff_ffffL;

  @Parameters(arity = "0..1", paramLabel = "AMOUNT", description = "Tokens in a window.")
  @Nullable String amount;

  @Option(names = "--blocks", paramLabel = "N", description = "Length of the window.")
  @Nullable Long blocks;

  @Option(names = "--unlimited", description = "Lift the limit.")
  boolean unlimited;

  @Override
  public Integer call() throws IOException {
    if ((amount == null) != (blocks == null) || unlimited && amount != null) {
      throw new IllegalArgumentException(
          "say AMOUNT --blocks N, or --unlimited; without any of them the budget is shown");
    }
    if (blocks != null && (blocks < 1 || blocks > MAX_BLOCKS)) {
      throw new IllegalArgumentException(
          "--blocks is the length of a window, 1 to " + MAX_BLOCKS + ", not " + blocks);
    }
    EthKey owner = common.wallet();
    try (GranaryChain chain = common.connect(Optional.of(owner))) {
      Map<String, Object> v = new LinkedHashMap<>();
      List<String> lines = new ArrayList<>();
      v.put("ok", true);
      v.put("miner", owner.address().toString());
      if (amount != null || unlimited) {
        TokenAmount most = amount == null ? TokenAmount.ZERO : TokenAmount.parseTokens(amount);
        TxResult.Confirmed tx =
            chain.actions().setCollateralBudget(most, blocks == null ? 0 : blocks).orThrow();
        v.put("transaction", tx.hash().toString());
        lines.add("✓ set  (" + tx.hash() + ")");
      }
      show(chain.queries().collateralBudget(owner.address()), v, lines);
      common.print(v, out -> lines.forEach(out::println));
    }
    return 0;
  }

  private static void show(CollateralBudget b, Map<String, Object> v, List<String> lines) {
    v.put("unlimited", b.unlimited());
    if (b.unlimited()) {
      lines.add("no budget: the operator may lock all that is unlocked on the market");
      return;
    }
    v.put("budget", b.amount().toTokens());
    v.put("blocks", b.blocks());
    v.put("spent", b.spent().toTokens());
    v.put("until", b.until().value());
    lines.add(
        "the operator may lock "
            + b.amount().toTokens()
            + " tokens in a window of "
            + b.blocks()
            + " blocks");
    lines.add(
        b.until().value() == 0
            ? "no window is open; the next begins with the first collateral locked"
            : b.spent().toTokens() + " tokens are locked in the one that ends before " + b.until());
  }
}
