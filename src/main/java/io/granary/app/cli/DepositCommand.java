package io.granary.app.cli;

import io.granary.contracts.GranaryChain;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code granary deposit}. */
@Command(
    name = "deposit",
    description = "Move tokens from the wallet into the market, from where deals are paid.",
    footer = {"", "Example: granary deposit 12.5"})
public final class DepositCommand implements Callable<Integer> {
  @Mixin Common common = new Common();

  @Parameters(paramLabel = "TOKENS", description = "How many.")
  String amount = "";

  @Override
  public Integer call() throws IOException {
    TokenAmount tokens = TokenAmount.parseTokens(amount);
    EthKey key = common.wallet();
    try (GranaryChain chain = common.connect(Optional.of(key))) {
      TxResult.Confirmed tx = chain.actions().deposit(tokens).orThrow();
      TokenAmount unlocked = chain.queries().account(key.address()).balance();
      common.print(
          Map.of(
              "ok",
              true,
              "deposited",
              tokens.toTokens(),
              "unlocked",
              unlocked.toTokens(),
              "transaction",
              tx.hash().toString(),
              "gas",
              tx.gasUsed()),
          out ->
              out.println(
                  "✓ deposited "
                      + tokens
                      + ", now "
                      + unlocked
                      + " unlocked  ("
                      + tx.hash()
                      + ")"));
      return 0;
    }
  }
}
