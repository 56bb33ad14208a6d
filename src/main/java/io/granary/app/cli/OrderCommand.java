package io.granary.app.cli;

import io.granary.client.ClientConfig;
import io.granary.client.ListedDeal;
import io.granary.contracts.GranaryChain;
import io.granary.protocol.chain.AccountBalance;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.EarlyEnd;
import io.granary.protocol.deal.Mandate;
import io.granary.protocol.deal.Order;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
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

/** {@code granary order}. */
@Command(
    name = "order",
    description =
        "For wallets without ether: sign what a transaction would do, and let anyone send it. A relayer can neither change an order nor take anything for it.",
    subcommands = {
      OrderCommand.Withdraw.class,
      OrderCommand.Cancel.class,
      OrderCommand.Revoke.class,
      OrderCommand.End.class,
      OrderCommand.Send.class
    },
    mixinStandardHelpOptions = true)
public final class OrderCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    throw new IllegalArgumentException(
        "say what to do: granary order withdraw, cancel, revoke, end or send");
  }

  /** Signs orders and prints them. */
  abstract static class Signs implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Option(
        names = "--blocks",
        paramLabel = "N",
        description = "Blocks from now on in which it may be sent (default: ${DEFAULT-VALUE}).")
    long blocks = 50_400;

    abstract List<OrderWord> sign(GranaryChain chain, EthKey key, BlockNumber executeBy)
        throws IOException;

    String advice() {
      return "anyone sends it with:";
    }

    @Override
    public Integer call() throws IOException {
      if (blocks < 1) {
        throw new IllegalArgumentException("--blocks is at least 1, not " + blocks);
      }
      EthKey key = common.wallet();
      // Nothing is sent.
      try (GranaryChain chain = common.connect(Optional.of(key))) {
        BlockNumber executeBy = chain.queries().head().number().plus(blocks);
        List<OrderWord> orders = sign(chain, key, executeBy);
        Map<String, Object> v = new LinkedHashMap<>();
        v.put("ok", true);
        v.put("executeBy", executeBy.value());
        v.put("orders", orders.stream().map(OrderWord::print).toList());
        common.print(
            v,
            out -> {
              orders.forEach(o -> out.println("✓ signed: " + o.inWords()));
              out.println("  until block " + executeBy + " " + advice());
              orders.forEach(o -> out.println("  granary order send " + o.print()));
            });
      }
      return 0;
    }
  }

  /** {@code granary order withdraw}. */
  @Command(
      name = "withdraw",
      description =
          "Sign a withdrawal: its announcement, and its payout once the notice is over. Any order that is signed later, or sent by this wallet, with the same nonce makes them void.",
      footer = {
        "",
        "Example: granary order withdraw 5 --to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
      })
  public static final class Withdraw extends Signs {
    @Parameters(paramLabel = "TOKENS", description = "How many; a payout of less is refused.")
    String amount = "";

    @Option(
        names = "--to",
        paramLabel = "ADDRESS",
        description = "Who is paid (default: this wallet).")
    @Nullable String to;

    @Override
    List<OrderWord> sign(GranaryChain chain, EthKey key, BlockNumber executeBy) {
      TokenAmount tokens = TokenAmount.parseTokens(amount);
      AccountBalance account = chain.queries().account(key.address());
      if (tokens.units().signum() == 0 || account.balance().isLessThan(tokens)) {
        throw new IllegalArgumentException(
            "cannot withdraw " + tokens + " tokens: " + account.balance() + " are unlocked");
      }
      long nonce = chain.queries().orderNonce(key.address());
      SigningDomain domain = chain.terms().domain();
      Address payee = to == null ? key.address() : Address.parse(to);
      List<OrderWord> orders = new ArrayList<>();
      orders.add(
          OrderWord.sign(
              domain, key, new Order.WithdrawalRequest(key.address(), tokens, nonce, executeBy)));
      orders.add(
          OrderWord.sign(
              domain,
              key,
              new Order.WithdrawalPayout(key.address(), payee, tokens, nonce + 1, executeBy)));
      return orders;
    }

    @Override
    String advice() {
      return "anyone sends the first, and the second from the release block on that it then has:";
    }
  }

  /** {@code granary order cancel}. */
  @Command(
      name = "cancel",
      description = "Sign the cancellation of a proposal that was not published.",
      footer = {"", "Example: granary order cancel 0x5f3a…"})
  public static final class Cancel extends Signs {
    @Parameters(paramLabel = "DEAL", description = "Deal id, as 'granary deal list' shows it.")
    String id = "";

    @Override
    List<OrderWord> sign(GranaryChain chain, EthKey key, BlockNumber executeBy) throws IOException {
      DealId deal = DealCommand.parse(id);
      ListedDeal listed =
          Common.client(chain, key, ClientConfig.defaults(common.home())).deals().stream()
              .filter(d -> d.id().equals(deal))
              .findFirst()
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "none of this wallet's files has a deal "
                              + deal
                              + ": 'granary deal list' lists them"));
      if (!listed.isOpen()) {
        throw new IllegalArgumentException(
            "deal " + deal + " cannot be published any more, or is already: nothing to cancel");
      }
      DealProposal proposal = listed.proposal();
      return List.of(OrderWord.sign(chain.terms().domain(), key, proposal, executeBy));
    }
  }

  /** {@code granary order revoke}. */
  @Command(
      name = "revoke",
      description = "Sign the revocation of a mandate of this wallet.",
      footer = {"", "Example: granary order revoke 0x5f3a…:30:12:…"})
  public static final class Revoke extends Signs {
    @Parameters(paramLabel = "MANDATE", description = "What 'granary deal mandate sign' printed.")
    String word = "";

    @Override
    List<OrderWord> sign(GranaryChain chain, EthKey key, BlockNumber executeBy) {
      Mandate mandate = MandateWord.parse(word).mandate();
      requireClient(chain, key, mandate.dealId());
      return List.of(OrderWord.sign(chain.terms().domain(), key, mandate, executeBy));
    }
  }

  /** {@code granary order end}. */
  @Command(
      name = "end",
      description =
          "Sign the notice of a running deal of this wallet: it ends a few periods later.",
      footer = {"", "Example: granary order end 0x5f3a…"})
  public static final class End extends Signs {
    @Parameters(paramLabel = "DEAL", description = "Deal id.")
    String id = "";

    @Override
    List<OrderWord> sign(GranaryChain chain, EthKey key, BlockNumber executeBy) {
      DealId deal = DealCommand.parse(id);
      requireClient(chain, key, deal);
      return List.of(
          OrderWord.sign(chain.terms().domain(), key, new EarlyEnd(deal, false, executeBy)));
    }
  }

  private static void requireClient(GranaryChain chain, EthKey key, DealId id) {
    DealSnapshot deal = DealCommand.find(chain, id);
    if (!deal.client().equals(key.address())) {
      throw new IllegalArgumentException(
          "only the client of deal " + id + " may sign this: " + deal.client());
    }
  }

  /** {@code granary order send}. */
  @Command(
      name = "send",
      description =
          "Send orders that others have signed, in the order given; this wallet pays the gas.",
      footer = {"", "Example: granary order send request:0x7099…:5000000000000000000:0:9000:0x…"})
  public static final class Send implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Parameters(
        paramLabel = "ORDER",
        arity = "1..*",
        description = "What 'granary order withdraw', cancel, revoke or end printed.")
    List<String> words = new ArrayList<>();

    @Override
    public Integer call() throws IOException {
      List<OrderWord> orders = words.stream().map(OrderWord::parse).toList();
      EthKey key = common.wallet();
      try (GranaryChain chain = common.connect(Optional.of(key))) {
        List<Map<String, Object>> sent = new ArrayList<>();
        List<String> lines = new ArrayList<>();
        for (OrderWord order : orders) {
          TxResult.Confirmed tx = order.send(chain).orThrow();
          sent.add(Map.of("order", order.inWords(), "transaction", tx.hash().toString()));
          lines.add("✓ sent: " + order.inWords() + "  (" + tx.hash() + ")");
          if (order instanceof OrderWord.Request request) {
            AccountBalance account = chain.queries().account(request.order().account());
            lines.add("  its payout can be sent from block " + account.releaseBlock() + " on");
          }
        }
        common.print(Map.of("ok", true, "sent", sent), out -> lines.forEach(out::println));
      }
      return 0;
    }
  }
}
