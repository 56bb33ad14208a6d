package io.granary.app.cli;

import io.granary.contracts.ChannelGateway;
import io.granary.contracts.GranaryChain;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.channel.ChannelState;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
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
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code granary channel}. */
@Command(
    name = "channel",
    description = "Pay miners over payment channels: tokens go in once, vouchers cost no gas.",
    subcommands = {
      ChannelCommand.Open.class,
      ChannelCommand.TopUp.class,
      ChannelCommand.Show.class,
      ChannelCommand.SignVoucher.class,
      ChannelCommand.Close.class,
      ChannelCommand.Withdraw.class
    },
    mixinStandardHelpOptions = true)
public final class ChannelCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    throw new IllegalArgumentException(
        "say what to do: granary channel open, topup, show, voucher, close or withdraw");
  }

  static Map<String, Object> describe(ChannelState c) {
    Map<String, Object> v = new LinkedHashMap<>();
    v.put("client", c.client().toString());
    v.put("miner", c.miner().toString());
    v.put("left", c.left().toTokens());
    v.put("redeemed", c.redeemed().toTokens());
    c.closableAt().ifPresent(block -> v.put("closableAt", block.value()));
    return v;
  }

  /** What all of them do: read the wallet, connect, and say what came of it. */
  abstract static class Step implements Callable<Integer> {
    @Mixin Common common = new Common();
    @Mixin ChannelOption which = new ChannelOption();

    /** What came of it, in words and for scripts. */
    record Done(List<String> lines, Map<String, Object> values) {
      static Done of(TxResult.Confirmed tx, String line, Map<String, Object> values) {
        Map<String, Object> all = new LinkedHashMap<>(values);
        all.put("transaction", tx.hash().toString());
        return new Done(List.of("✓ " + line + "  (" + tx.hash() + ")"), all);
      }
    }

    abstract Done act(GranaryChain chain, ChannelGateway channels, EthKey key);

    @Override
    public Integer call() throws IOException {
      EthKey key = common.wallet();
      try (GranaryChain chain = common.connect(Optional.of(key))) {
        Done done = act(chain, which.open(common, chain), key);
        Map<String, Object> v = new LinkedHashMap<>();
        v.put("ok", true);
        v.putAll(done.values());
        common.print(v, out -> done.lines().forEach(out::println));
      }
      return 0;
    }
  }

  /** A step with the channel to one miner. */
  abstract static class WithMiner extends Step {
    @Parameters(paramLabel = "MINER", description = "The miner's address.")
    String miner = "";

    Address miner() {
      return Address.parse(miner);
    }
  }

  private static Step.Done deposit(
      ChannelGateway channels, EthKey key, Address miner, TokenAmount tokens) {
    TxResult.Confirmed tx = channels.deposit(miner, tokens).orThrow();
    ChannelState after = channels.channel(key.address(), miner);
    return Step.Done.of(tx, after.left() + " in the channel to " + miner, describe(after));
  }

  /** {@code granary channel open}. */
  @Command(
      name = "open",
      description = "Open a channel to a miner with tokens of the wallet.",
      footer = {"", "Example: granary channel open 0x2f6a… 5"})
  static final class Open extends WithMiner {
    @Parameters(index = "1", paramLabel = "TOKENS", description = "How many.")
    String amount = "";

    @Override
    Done act(GranaryChain chain, ChannelGateway channels, EthKey key) {
      TokenAmount tokens = TokenAmount.parseTokens(amount);
      ChannelState before = channels.channel(key.address(), miner());
      if (before.isOpen()) {
        throw new IllegalArgumentException(
            "the channel to "
                + miner
                + " is open with "
                + before.left()
                + "; more goes in with 'granary channel topup'");
      }
      if (chain.queries().miner(miner()).isEmpty()) {
        throw new IllegalArgumentException(
            miner + " is no miner of this market; 'granary quote 1000' lists them");
      }
      return deposit(channels, key, miner(), tokens);
    }
  }

  /** {@code granary channel topup}. */
  @Command(
      name = "topup",
      description =
          "Put more tokens into an open channel; one that is closing stays open after all.",
      footer = {"", "Example: granary channel topup 0x2f6a… 5"})
  static final class TopUp extends WithMiner {
    @Parameters(index = "1", paramLabel = "TOKENS", description = "How many.")
    String amount = "";

    @Override
    Done act(GranaryChain chain, ChannelGateway channels, EthKey key) {
      TokenAmount tokens = TokenAmount.parseTokens(amount);
      ChannelState before = channels.channel(key.address(), miner());
      // One that its miner has redeemed to the end is topped up as well.
      if (!before.isOpen() && before.redeemed().units().signum() == 0) {
        throw new IllegalArgumentException(
            "no channel to " + miner + "; open one with 'granary channel open'");
      }
      return deposit(channels, key, miner(), tokens);
    }
  }

  /** {@code granary channel show}. */
  @Command(
      name = "show",
      description = "Show the wallet's channels, or the one to a miner.",
      footer = {"", "Example: granary channel show --json"})
  static final class Show extends Step {
    @Parameters(paramLabel = "MINER", arity = "0..1", description = "The miner's address.")
    @Nullable String miner;

    @Override
    Done act(GranaryChain chain, ChannelGateway channels, EthKey key) {
      List<ChannelState> shown =
          miner == null
              ? channels.channelsFrom(key.address())
              : List.of(channels.channel(key.address(), Address.parse(miner)));
      TokenAmount balance = channels.balance(key.address());
      List<String> lines = new ArrayList<>();
      for (ChannelState c : shown) {
        lines.add(
            "to "
                + c.miner()
                + ": "
                + c.left()
                + " left, "
                + c.redeemed()
                + " paid"
                + c.closableAt().map(block -> ", closing at block " + block).orElse(""));
      }
      if (shown.isEmpty()) {
        lines.add("no channels; open one with 'granary channel open MINER TOKENS'");
      }
      if (balance.units().signum() > 0) {
        lines.add(balance + " to be paid out: granary channel withdraw");
      }
      return new Done(
          lines,
          Map.of(
              "channels",
              shown.stream().map(ChannelCommand::describe).toList(),
              "balance",
              balance.toTokens()));
    }
  }

  /** {@code granary channel voucher}. */
  @Command(
      name = "voucher",
      description =
          "Sign a voucher: what the miner has been promised in all, what it has redeemed included. Prints one word for the miner, who redeems it; costs no gas.",
      footer = {"", "Example: granary channel voucher 0x2f6a… 1.5"})
  static final class SignVoucher extends WithMiner {
    @Parameters(
        index = "1",
        paramLabel = "TOTAL",
        description = "Tokens promised in all since the first voucher to this miner.")
    String total = "";

    @Override
    Done act(GranaryChain chain, ChannelGateway channels, EthKey key) {
      TokenAmount tokens = TokenAmount.parseTokens(total);
      ChannelState channel = channels.channel(key.address(), miner());
      if (tokens.compareTo(channel.redeemed()) <= 0) {
        throw new IllegalArgumentException(
            "the miner has redeemed "
                + channel.redeemed()
                + " in all; a voucher is for more than that");
      }
      if (channel.reach().isLessThan(tokens)) {
        throw new IllegalArgumentException(
            "the channel reaches for "
                + channel.reach()
                + " in all; put more in with 'granary channel topup'");
      }
      String word = ChannelWords.print(ChannelWords.sign(channels.domain(), key, miner(), tokens));
      return new Done(List.of(word), Map.of("voucher", word, "total", tokens.toTokens()));
    }
  }

  /** {@code granary channel close}. */
  @Command(
      name = "close",
      description =
          "Close a channel: the first time this asks for it and the miner has time to redeem; the second time, from the block that it names, what is left comes back to the wallet.",
      footer = {
        "",
        "Example: granary channel close 0x2f6a…",
        "         granary channel close 0x2f6a… --now 0:123456:0x…"
      })
  static final class Close extends WithMiner {
    @Option(
        names = "--now",
        paramLabel = "CONSENT",
        description =
            "Close at once: the word that the miner's 'granary miner consent CLIENT' printed.")
    @Nullable String consent;

    @Override
    Done act(GranaryChain chain, ChannelGateway channels, EthKey key) {
      Address client = key.address();
      Optional<BlockNumber> closableAt = channels.channel(client, miner()).closableAt();
      if (consent != null) {
        channels.closeWithConsent(ChannelWords.consent(client, miner(), consent)).orThrow();
      } else if (closableAt.isPresent()) {
        channels.close(client, miner()).orThrow();
      } else {
        TxResult.Confirmed tx = channels.requestClose(miner()).orThrow();
        ChannelState after = channels.channel(client, miner());
        return Done.of(
            tx,
            "asked to close; run this again from block "
                + after.closableAt().map(String::valueOf).orElse("now")
                + " on",
            describe(after));
      }
      return payOut(chain, channels, key, channels.channel(client, miner()));
    }
  }

  private static Step.Done payOut(
      GranaryChain chain, ChannelGateway channels, EthKey key, ChannelState closed) {
    Map<String, Object> values = describe(closed);
    TokenAmount balance = channels.balance(key.address());
    values.put("withdrawn", balance.toTokens());
    if (balance.units().signum() == 0) {
      return new Step.Done(List.of("✓ closed; nothing was left"), values);
    }
    TxResult.Confirmed tx = channels.withdraw().orThrow();
    return Step.Done.of(tx, "closed; " + balance + " are back in the wallet", values);
  }

  /** {@code granary channel withdraw}. */
  @Command(
      name = "withdraw",
      description =
          "Pay out what channels owe the wallet: what a miner has redeemed, what a client got back.",
      footer = {"", "Example: granary channel withdraw"})
  static final class Withdraw extends Step {
    @Override
    Done act(GranaryChain chain, ChannelGateway channels, EthKey key) {
      TokenAmount balance = channels.balance(key.address());
      TxResult.Confirmed tx = channels.withdraw().orThrow();
      return Done.of(
          tx,
          balance + " paid out; the wallet has " + chain.queries().walletBalance(key.address()),
          Map.of("withdrawn", balance.toTokens()));
    }
  }
}
