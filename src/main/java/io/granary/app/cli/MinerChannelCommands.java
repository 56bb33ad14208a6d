package io.granary.app.cli;

import io.granary.contracts.ChannelGateway;
import io.granary.contracts.GranaryChain;
import io.granary.protocol.chain.ChannelWriter.Redemption;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.channel.ChannelState;
import io.granary.protocol.channel.CloseConsent;
import io.granary.protocol.channel.SignedVoucher;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TokenAmount;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What a miner's owner does with payment channels, with the wallet in the home. */
final class MinerChannelCommands {
  private MinerChannelCommands() {}

  /** {@code granary miner channels}. */
  @Command(
      name = "channels",
      description = "Show the clients' payment channels to this miner.",
      footer = {"", "Example: granary miner channels --json"})
  static final class Channels extends ChannelCommand.Step {
    @Override
    Done act(GranaryChain chain, ChannelGateway channels, EthKey key) {
      List<ChannelState> shown = channels.channelsTo(key.address());
      TokenAmount balance = channels.balance(key.address());
      List<String> lines = new ArrayList<>();
      for (ChannelState c : shown) {
        lines.add(
            "of "
                + c.client()
                + ": "
                + c.left()
                + " left, "
                + c.redeemed()
                + " redeemed"
                + c.closableAt()
                    .map(block -> ", CLOSING: redeem before block " + block)
                    .orElse(""));
      }
      if (shown.isEmpty()) {
        lines.add("no client has a channel to " + key.address());
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

  /** {@code granary miner redeem}. */
  @Command(
      name = "redeem",
      description =
          "Redeem clients' vouchers, many in one transaction; those that would pay nothing are not sent. Of several of one client the newest does for all.",
      footer = {
        "",
        "Example: granary miner redeem 0x…:0x…:1500000000000000000:0x…",
        "         granary miner redeem @vouchers.txt    (one voucher a line)"
      })
  static final class Redeem extends ChannelCommand.Step {
    @Parameters(
        paramLabel = "VOUCHER",
        arity = "1..*",
        description =
            "What clients' 'granary channel voucher' printed; @FILE reads them from there.")
    List<String> words = List.of();

    @Override
    Done act(GranaryChain chain, ChannelGateway channels, EthKey key) {
      List<SignedVoucher> all = words.stream().map(ChannelWords::voucher).toList();
      List<String> refusals = channels.refusals(all);
      List<SignedVoucher> good = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        if (refusals.get(i).isEmpty()) {
          good.add(all.get(i));
        }
      }
      if (good.isEmpty()) {
        throw new IllegalArgumentException(
            "no voucher pays anything now: " + String.join(", ", refusals));
      }
      Redemption redemption = channels.redeem(good);
      TxResult.Confirmed tx = redemption.tx().orThrow();
      List<String> lines = new ArrayList<>();
      List<Map<String, Object>> items = new ArrayList<>();
      int sent = 0;
      for (int i = 0; i < all.size(); i++) {
        Redemption.Item item =
            refusals.get(i).isEmpty()
                ? redemption.items().get(sent++)
                : new Redemption.Item(TokenAmount.ZERO, refusals.get(i));
        lines.add(line(all.get(i), item));
        items.add(describe(all.get(i), item));
      }
      TokenAmount balance = channels.balance(key.address());
      lines.add(balance + " to be paid out: granary channel withdraw  (" + tx.hash() + ")");
      Map<String, Object> v = new LinkedHashMap<>();
      v.put("vouchers", items);
      v.put("balance", balance.toTokens());
      v.put("transaction", tx.hash().toString());
      return new Done(lines, v);
    }

    private static String line(SignedVoucher v, Redemption.Item item) {
      String of = " of " + v.voucher().client() + " up to " + v.voucher().total();
      return item.skipped().isEmpty()
          ? "✓ " + item.paid() + of
          : "✗ nothing" + of + ": " + item.skipped();
    }

    private static Map<String, Object> describe(SignedVoucher v, Redemption.Item item) {
      Map<String, Object> m = new LinkedHashMap<>();
      m.put("client", v.voucher().client().toString());
      m.put("total", v.voucher().total().toTokens());
      m.put("paid", item.paid().toTokens());
      m.put("skipped", item.skipped());
      return m;
    }
  }

  /** {@code granary miner consent}. */
  @Command(
      name = "consent",
      description =
          "Agree that a client closes its payment channel at once; prints one word for the client. Redeem first: what is not redeemed by then is given up. Costs no gas.",
      footer = {"", "Example: granary miner consent 0x91c4…"})
  static final class Consent extends ChannelCommand.Step {
    @Parameters(paramLabel = "CLIENT", description = "The client's address.")
    String client = "";

    @Option(
        names = "--blocks",
        paramLabel = "N",
        defaultValue = "300",
        description = "Blocks that the client has for it (default: ${DEFAULT-VALUE}).")
    int blocks;

    @Override
    Done act(GranaryChain chain, ChannelGateway channels, EthKey key) {
      if (blocks < 1) {
        throw new IllegalArgumentException("--blocks is at least 1, not " + blocks);
      }
      Address of = Address.parse(client);
      ChannelState channel = channels.channel(of, key.address());
      if (!channel.isOpen()) {
        throw new IllegalArgumentException(
            client + " has nothing in a channel to " + key.address() + "; nothing is to be closed");
      }
      CloseConsent consent =
          new CloseConsent(
              of,
              key.address(),
              channels.consentNonce(key.address(), of),
              new BlockNumber(chain.queries().head().number().value() + blocks));
      String word = ChannelWords.print(ChannelWords.sign(channels.domain(), key, consent));
      return new Done(
          List.of(word), Map.of("consent", word, "executeBy", consent.executeBy().value()));
    }
  }
}
