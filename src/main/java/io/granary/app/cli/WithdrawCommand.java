package io.granary.app.cli;

import io.granary.contracts.GranaryChain;
import io.granary.protocol.chain.AccountBalance;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code granary withdraw}. */
@Command(
    name = "withdraw",
    description =
        "Announce a withdrawal from the market; run it again without an amount when the notice is over.",
    footer = {"", "Example: granary withdraw 5; granary withdraw"})
public final class WithdrawCommand implements Callable<Integer> {
  @Mixin Common common = new Common();

  @Parameters(
      paramLabel = "TOKENS",
      arity = "0..1",
      description = "How many to announce; nothing: pay out what was announced.")
  @Nullable String amount;

  @Option(
      names = "--ether",
      description =
          "Pay out the ether of bonds instead: those of answered demands, for a miner, and those that came back.")
  boolean ether;

  @Override
  public Integer call() throws IOException {
    EthKey key = common.wallet();
    try (GranaryChain chain = common.connect(Optional.of(key))) {
      if (ether) {
        if (amount != null) {
          throw new IllegalArgumentException("--ether takes no amount: all of it is paid out");
        }
        withdrawEther(chain, key);
        return 0;
      }
      if (amount != null) {
        TokenAmount tokens = TokenAmount.parseTokens(amount);
        TxResult.Confirmed tx = chain.actions().requestWithdrawal(tokens).orThrow();
        AccountBalance account = chain.queries().account(key.address());
        common.print(
            Map.of(
                "ok",
                true,
                "announced",
                tokens.toTokens(),
                "releaseBlock",
                account.releaseBlock().value(),
                "transaction",
                tx.hash().toString()),
            out ->
                out.println(
                    "✓ announced "
                        + tokens
                        + "; run 'granary withdraw' from block "
                        + account.releaseBlock()
                        + " on  ("
                        + tx.hash()
                        + ")"));
      } else {
        TxResult.Confirmed tx = chain.actions().withdraw().orThrow();
        TokenAmount wallet = chain.queries().walletBalance(key.address());
        common.print(
            Map.of("ok", true, "wallet", wallet.toTokens(), "transaction", tx.hash().toString()),
            out -> out.println("✓ withdrawn; the wallet has " + wallet + "  (" + tx.hash() + ")"));
      }
      return 0;
    }
  }

  private void withdrawEther(GranaryChain chain, EthKey key) {
    String wei = chain.queries().etherOf(key.address()).toString();
    TxResult.Confirmed tx = chain.actions().withdrawEther().orThrow();
    common.print(
        Map.of("ok", true, "wei", wei, "transaction", tx.hash().toString()),
        out -> out.println("✓ withdrawn " + wei + " wei of bonds  (" + tx.hash() + ")"));
  }
}
