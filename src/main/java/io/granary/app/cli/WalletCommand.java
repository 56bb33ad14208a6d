package io.granary.app.cli;

import io.granary.contracts.GranaryChain;
import io.granary.contracts.keys.Keystores;
import io.granary.protocol.chain.AccountBalance;
import io.granary.protocol.crypto.EthKey;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code granary wallet}. */
@Command(
    name = "wallet",
    description = "Make and look at the wallet.",
    subcommands = {WalletCommand.New.class, WalletCommand.Show.class},
    mixinStandardHelpOptions = true)
public final class WalletCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    throw new IllegalArgumentException("say what to do: granary wallet new, granary wallet show");
  }

  /** {@code granary wallet new}. */
  @Command(
      name = "new",
      description = "Make a key and write it, encrypted, to wallet.json in the home.")
  public static final class New implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Option(names = "--light", description = "Encrypt with less work, for development networks.")
    boolean light;

    @Override
    public Integer call() throws IOException {
      EthKey key = EthKey.generate();
      Keystores.save(
          key,
          common.newPassword(),
          common.walletFile(),
          light ? Keystores.Strength.LIGHT : Keystores.Strength.STANDARD);
      common.print(
          Map.of(
              "ok",
              true,
              "address",
              key.address().toString(),
              "file",
              common.walletFile().toString()),
          out -> {
            out.println("wallet  " + key.address());
            out.println(
                "file    "
                    + common.walletFile()
                    + "  (back it up: who loses it, or its password, loses the tokens)");
          });
      return 0;
    }
  }

  /** {@code granary wallet show}. */
  @Command(name = "show", description = "Show address and balances.")
  public static final class Show implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Override
    public Integer call() throws IOException {
      EthKey key = common.wallet();
      try (GranaryChain chain = common.connect(Optional.of(key))) {
        AccountBalance account = chain.queries().account(key.address());
        Map<String, Object> v = new LinkedHashMap<>();
        v.put("ok", true);
        v.put("address", key.address().toString());
        v.put(
            "ether",
            new BigDecimal(chain.wei(key.address()), 18).stripTrailingZeros().toPlainString());
        v.put("tokens", chain.queries().walletBalance(key.address()).toTokens());
        v.put("deposited", account.balance().toTokens());
        v.put("announced", account.requested().toTokens());
        v.put("releaseBlock", account.releaseBlock().value());
        common.print(
            v,
            out -> {
              out.println("address    " + key.address());
              out.println("ether      " + v.get("ether"));
              out.println("tokens     " + v.get("tokens") + " in the wallet");
              out.println("deposited  " + v.get("deposited") + " unlocked in the market");
              if (account.requested().units().signum() > 0) {
                out.println(
                    "announced  "
                        + v.get("announced")
                        + " for withdrawal from block "
                        + account.releaseBlock());
              }
            });
        return 0;
      }
    }
  }
}
