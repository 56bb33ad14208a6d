package io.granary.app.cli;

import io.granary.contracts.GranaryChain;
import io.granary.contracts.keys.Keystores;
import io.granary.contracts.keys.RecoveryPhrase;
import io.granary.protocol.chain.AccountBalance;
import io.granary.protocol.crypto.EthKey;
import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code granary wallet}. */
@Command(
    name = "wallet",
    description = "Make, restore and look at the wallet.",
    subcommands = {WalletCommand.New.class, WalletCommand.Restore.class, WalletCommand.Show.class},
    mixinStandardHelpOptions = true)
public final class WalletCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    throw new IllegalArgumentException(
        "say what to do: granary wallet new, granary wallet restore, granary wallet show");
  }

  /** What writes a wallet that is not there yet. */
  private abstract static class Writing implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Option(names = "--light", description = "Encrypt with less work, for development networks.")
    boolean light;

    /** Before anything is asked for. */
    void requireNoWallet() throws IOException {
      if (Files.exists(common.walletFile())) {
        throw new IOException(
            common.walletFile()
                + " exists already, and a wallet is never overwritten: move it away, or take another --home");
      }
    }

    /** Writes the key file and says what it holds. */
    Map<String, Object> write(EthKey key) throws IOException {
      Keystores.save(
          key,
          common.newPassword(),
          common.walletFile(),
          light ? Keystores.Strength.LIGHT : Keystores.Strength.STANDARD);
      Map<String, Object> written = new LinkedHashMap<>();
      written.put("ok", true);
      written.put("address", key.address().toString());
      written.put("file", common.walletFile().toString());
      return written;
    }

    static void print(PrintWriter out, Map<String, Object> written) {
      out.println("wallet  " + written.get("address"));
      out.println("file    " + written.get("file") + "  (opens with its password only)");
    }
  }

  /** {@code granary wallet new}. */
  @Command(
      name = "new",
      description = {
        "Make a key from a new recovery phrase and write it, encrypted, to wallet.json in the home.",
        "The phrase is printed once and kept nowhere: it gives the wallet back (granary wallet restore)."
      })
  public static final class New extends Writing {
    /** Words side by side. */
    private static final int COLUMNS = 4;

    @Option(
        names = "--words",
        paramLabel = "N",
        defaultValue = "12",
        description =
            "Length of the recovery phrase: 12, 15, 18, 21 or 24 (default: ${DEFAULT-VALUE}).")
    int words;

    @Override
    public Integer call() throws IOException {
      requireNoWallet();
      RecoveryPhrase phrase = RecoveryPhrase.generate(words);
      Map<String, Object> written = write(phrase.key());
      written.put("phrase", String.join(" ", phrase.words()));
      common.print(
          written,
          out -> {
            print(out, written);
            out.println();
            printNumbered(out, phrase.words());
            out.println();
            out.println(
                "Write these words down in their order and keep them where nobody else reads them: this is the only time");
            out.println(
                "they are shown, and they are kept nowhere. Who has them has the tokens and reads the files; with them");
            out.println(
                "'granary wallet restore' makes this wallet again. Stored files need files.json of this home as well: back it up.");
          });
      return 0;
    }

    private static void printNumbered(PrintWriter out, List<String> words) {
      for (int i = 0; i < words.size(); i++) {
        boolean endsLine = (i + 1) % COLUMNS == 0 || i + 1 == words.size();
        out.printf(endsLine ? "%2d. %s%n" : "%2d. %-10s", i + 1, words.get(i));
      }
    }
  }

  /** {@code granary wallet restore}. */
  @Command(
      name = "restore",
      description = {
        "Make the wallet again from its recovery phrase and write it, encrypted, to wallet.json in the home.",
        "The phrase is asked for, or read as a line of standard input; never given as an argument, which others could see.",
        "Any BIP-39 phrase of an Ethereum wallet will do (English, no passphrase; its first account)."
      })
  public static final class Restore extends Writing {
    @Option(
        names = "--phrase-file",
        paramLabel = "FILE",
        description = "File with the recovery phrase (default: ask).")
    @Nullable Path phraseFile;

    @Override
    public Integer call() throws IOException {
      requireNoWallet();
      Map<String, Object> written = write(RecoveryPhrase.parse(phrase()).key());
      common.print(written, out -> print(out, written));
      return 0;
    }

    private String phrase() throws IOException {
      if (phraseFile != null) {
        return Files.readString(phraseFile);
      }
      Console console = System.console();
      if (console != null && console.isTerminal()) {
        char[] typed = console.readPassword("Recovery phrase: ");
        return typed == null ? "" : new String(typed);
      }
      String line =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
      if (line == null) {
        throw new IOException(
            "no recovery phrase came: write it as one line to standard input, or give --phrase-file FILE");
      }
      return line;
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
