package io.granary.app.cli;

import io.granary.client.ClientConfig;
import io.granary.client.ListedDeal;
import io.granary.contracts.GranaryChain;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.ClientMarket;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.HandOver;
import io.granary.protocol.deal.SignedEarlyEnd;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code granary deal}. */
@Command(
    name = "deal",
    description = "Look at deals and move them on.",
    subcommands = {
      DealCommand.ListDeals.class,
      DealCommand.Show.class,
      DealCommand.Watch.class,
      DealCommand.Cancel.class,
      DealCommand.Renew.class,
      DealCommand.End.class,
      MandateCommand.class,
      HandOverCommand.class,
      DealCommand.Settle.class,
      DealCommand.Complete.class,
      DealCommand.Expire.class,
      DealCommand.Terminate.class
    },
    mixinStandardHelpOptions = true)
public final class DealCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    throw new IllegalArgumentException(
        "say what to do: granary deal list, show, watch, cancel, renew, end, mandate, handover, settle, complete, expire or terminate");
  }

  static Map<String, Object> describe(DealSnapshot d) {
    Map<String, Object> v = new LinkedHashMap<>();
    v.put("dealId", d.id().toString());
    v.put("state", d.state().toString());
    v.put("miner", d.miner().toString());
    v.put("client", d.client().toString());
    v.put("price", d.price().toTokens());
    v.put("collateral", d.collateral().toTokens());
    v.put("periods", d.periods());
    v.put("start", d.start().index());
    v.put("end", d.end().index());
    // An extension counts anew: price, periods, proved and missed are those from here on.
    v.put("countedFrom", d.end().index() == 0 ? 0 : d.end().index() - d.periods());
    v.put("noticeGiven", d.noticed());
    v.put("settledUpTo", d.cursor().index());
    v.put("proved", d.proved());
    v.put("missed", d.missed());
    v.put("missedInARow", d.missRun());
    v.put("faultySince", d.faultySince().index());
    return v;
  }

  /** {@code granary deal list}. */
  @Command(
      name = "list",
      description =
          "List the deals of this wallet's files, also proposals that are not on chain: PROPOSED and ABANDONED ones can still be published by their miner, LAPSED ones no more.",
      footer = {"", "Example: granary deal list --json"})
  public static final class ListDeals implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Override
    public Integer call() throws IOException {
      EthKey key = common.wallet();
      try (GranaryChain chain = common.connect(Optional.of(key))) {
        List<ListedDeal> deals =
            Common.client(chain, key, ClientConfig.defaults(common.home())).deals();
        common.print(
            Map.of("ok", true, "deals", deals.stream().map(ListDeals::describeListed).toList()),
            out -> table(out, deals));
        return 0;
      }
    }

    private static Map<String, Object> describeListed(ListedDeal d) {
      Map<String, Object> v = new LinkedHashMap<>();
      v.put("dealId", d.id().toString());
      v.put("file", d.file());
      v.put("state", d.state());
      v.put("miner", d.proposal().miner().toString());
      v.put("price", d.proposal().price().toTokens());
      v.put("publishBy", d.proposal().publishBy().value());
      v.put("abandoned", d.abandoned());
      d.onChain().ifPresent(deal -> v.putAll(describe(deal)));
      return v;
    }

    private static void table(PrintWriter out, List<ListedDeal> deals) {
      List<List<String>> table = new ArrayList<>();
      table.add(List.of("DEAL", "FILE", "MINER", "STATE", "PROVED", "MISSED", "PRICE", ""));
      for (ListedDeal d : deals) {
        table.add(
            List.of(
                d.id().toString(),
                d.file(),
                Out.shorten(d.proposal().miner().toString()),
                d.state(),
                d.onChain().map(s -> Long.toString(s.proved())).orElse("-"),
                d.onChain().map(s -> Long.toString(s.missed())).orElse("-"),
                d.proposal().price().toTokens(),
                note(d)));
      }
      Out.table(out, table);
    }

    private static String note(ListedDeal d) {
      if (!d.abandoned()) {
        return "";
      }
      if (d.isOpen()) {
        return "its miner can publish it until block "
            + d.proposal().publishBy()
            + ": 'granary deal cancel' takes it back";
      }
      return d.isLive() ? "published after it was given up: put the file again to use it" : "";
    }
  }

  static DealId parse(String id) {
    try {
      return DealId.parse(id);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "not a deal id: '"
              + id
              + "'; give the 64 hexadecimal digits that 'granary deal list' shows",
          e);
    }
  }

  static DealSnapshot find(GranaryChain chain, DealId id) {
    return chain
        .queries()
        .deal(id)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no deal "
                        + id
                        + " was published in this market: 'granary deal list' lists yours, with proposals that are not on chain yet"));
  }

  /** {@code granary deal show}. */
  @Command(
      name = "show",
      description = "Show a deal as the contract has it.",
      footer = {"", "Example: granary deal show 0x5f3a… (as 'granary deal list' shows it)"})
  public static final class Show implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Parameters(paramLabel = "DEAL", description = "Deal id.")
    String id = "";

    @Override
    public Integer call() throws IOException {
      DealId deal = parse(id);
      try (GranaryChain chain = common.connect(Optional.empty())) {
        Map<String, Object> v = describe(find(chain, deal));
        HandOver standing = chain.queries().handOver(deal);
        v.put("noticeWaived", standing.waived());
        v.put("handOverPending", standing.pending());
        v.put("ok", true);
        common.print(
            v, out -> v.forEach((k, value) -> out.println(String.format("%-15s %s", k, value))));
        return 0;
      }
    }
  }

  /** {@code granary deal watch}. */
  @Command(
      name = "watch",
      description =
          "Print a deal's changes until it ends. With --json one object a line for each change.",
      footer = {"", "Example: granary deal watch 0x5f3a… (as 'granary deal list' shows it)"})
  public static final class Watch implements Callable<Integer> {
    // Blocks come every few seconds; a deal changes once a period.
    private static final long POLL_MILLIS = 1000;
    // Half a minute of an endpoint that restarts is no reason to stop watching.
    private static final int SILENT_POLLS = 30;

    @Mixin Common common = new Common();

    @Parameters(paramLabel = "DEAL", description = "Deal id.")
    String id = "";

    @Override
    public Integer call() throws IOException, InterruptedException {
      DealId deal = parse(id);
      try (GranaryChain chain = common.connect(Optional.empty())) {
        DealSnapshot last = find(chain, deal);
        tell(chain.queries().head().number(), last);
        int silent = 0;
        while (!last.state().isFinal()) {
          Thread.sleep(POLL_MILLIS);
          try {
            DealSnapshot now = find(chain, deal);
            if (!describe(now).equals(describe(last))) {
              tell(chain.queries().head().number(), now);
              last = now;
            }
            silent = 0;
          } catch (ChainUnavailableException e) {
            if (++silent == SILENT_POLLS) {
              throw e;
            }
          }
        }
        return 0;
      }
    }

    private void tell(BlockNumber block, DealSnapshot d) {
      if (common.json) {
        Map<String, Object> v = new LinkedHashMap<>();
        v.put("block", block.value());
        v.putAll(describe(d));
        common.out().println(Out.jsonLine(v));
      } else {
        common
            .out()
            .println(
                "block "
                    + block
                    + "  "
                    + d.state()
                    + ", "
                    + d.proved()
                    + " proved, "
                    + d.missed()
                    + " not proved, settled up to period "
                    + d.cursor());
      }
      common.out().flush();
    }
  }

  /** {@code granary deal cancel}. */
  @Command(
      name = "cancel",
      description =
          "Take back a proposal that its miner has not published; needs ether. What was published cannot be cancelled.",
      footer = {"", "Example: granary deal cancel 0x5f3a… (as 'granary deal list' shows it)"})
  public static final class Cancel implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Parameters(paramLabel = "DEAL", description = "Deal id.")
    String id = "";

    @Override
    public Integer call() throws IOException {
      DealId deal = parse(id);
      EthKey key = common.wallet();
      try (GranaryChain chain = common.connect(Optional.of(key))) {
        TxResult.Confirmed tx =
            Common.client(chain, key, ClientConfig.defaults(common.home())).cancel(deal);
        common.print(
            Map.of(
                "ok",
                true,
                "dealId",
                deal.toString(),
                "state",
                DealState.CANCELLED.toString(),
                "transaction",
                tx.hash().toString()),
            out ->
                out.println("✓ cancelled: nobody can publish " + deal + "  (" + tx.hash() + ")"));
        return 0;
      }
    }
  }

  /** {@code granary deal renew}. */
  @Command(
      name = "renew",
      description =
          "Go on with an active deal on the same replica: its miner is asked and sends the transaction.",
      footer = {"", "Example: granary deal renew 0x5f3a… --periods 30"})
  public static final class Renew implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Parameters(paramLabel = "DEAL", description = "Deal id.")
    String id = "";

    @Option(
        names = "--periods",
        required = true,
        paramLabel = "N",
        description = "Periods by which its end moves.")
    int periods;

    @Option(
        names = "--price",
        paramLabel = "TOKENS",
        description =
            "Price of one period of this deal, from now on; without it what the miner asks.")
    @Nullable String price;

    @Override
    public Integer call() throws IOException {
      DealId deal = parse(id);
      if (periods < 1) {
        throw new IllegalArgumentException("--periods is at least 1, not " + periods);
      }
      Optional<TokenAmount> offered = Optional.ofNullable(price).map(TokenAmount::parseTokens);
      EthKey key = common.wallet();
      try (GranaryChain chain = common.connect(Optional.of(key))) {
        DealSnapshot after =
            Common.client(chain, key, ClientConfig.defaults(common.home()))
                .renew(deal, periods, offered);
        Map<String, Object> v = describe(after);
        v.put("ok", true);
        common.print(
            v,
            out ->
                out.println(
                    "✓ the deal goes on to period "
                        + after.end()
                        + ": "
                        + after.price().toTokens()
                        + " tokens for the "
                        + after.periods()
                        + " periods from "
                        + after.cursor()
                        + " on"));
        return 0;
      }
    }
  }

  /** One transaction about one deal. */
  abstract static class Act implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Parameters(paramLabel = "DEAL", description = "Deal id.")
    String id = "";

    private final BiFunction<ClientMarket, DealId, TxResult> action;

    Act(BiFunction<ClientMarket, DealId, TxResult> action) {
      this.action = action;
    }

    @Override
    public Integer call() throws IOException {
      DealId deal = parse(id);
      EthKey key = common.wallet();
      try (GranaryChain chain = common.connect(Optional.of(key))) {
        find(chain, deal);
        TxResult.Confirmed tx = action.apply(chain.actions(), deal).orThrow();
        Map<String, Object> v = describe(find(chain, deal));
        v.put("ok", true);
        v.put("transaction", tx.hash().toString());
        common.print(
            v,
            out ->
                out.println(
                    "✓ the deal is "
                        + v.get("state")
                        + ", "
                        + v.get("proved")
                        + " proved, "
                        + v.get("missed")
                        + " not proved  ("
                        + tx.hash()
                        + ")"));
        return 0;
      }
    }
  }

  /** {@code granary deal end}. */
  @Command(
      name = "end",
      description =
          "Give notice of an active deal: its end moves to a few periods from now, which are still paid when they are proved; the rest of the price comes back at once. It cannot be taken back. With --now sign a consent to end it at once, for its miner to send.",
      footer = {"", "Example: granary deal end 0x5f3a… (as 'granary deal list' shows it)"})
  public static final class End implements Callable<Integer> {
    // A day of blocks; what the miner has not sent by then binds nobody.
    private static final int CONSENT_BLOCKS = 7200;

    @Mixin Common common = new Common();

    @Parameters(paramLabel = "DEAL", description = "Deal id.")
    String id = "";

    @Option(
        names = "--now",
        description =
            "Send nothing: print a consent, which ends the deal at once when its miner's owner agrees with 'granary miner end'.")
    boolean now;

    @Override
    public Integer call() throws IOException {
      DealId deal = parse(id);
      EthKey key = common.wallet();
      try (GranaryChain chain = common.connect(Optional.of(key))) {
        DealSnapshot before = find(chain, deal);
        if (now) {
          agree(chain, key, before);
          return 0;
        }
        TxResult.Confirmed tx = chain.actions().giveNotice(deal).orThrow();
        DealSnapshot after = find(chain, deal);
        Map<String, Object> v = describe(after);
        v.put("ok", true);
        v.put("transaction", tx.hash().toString());
        common.print(
            v,
            out ->
                out.println(
                    "✓ the deal ends before period "
                        + after.end()
                        + ": "
                        + after.price().toTokens()
                        + " tokens stay locked for its last "
                        + after.periods()
                        + " periods, the rest is back in the balance  ("
                        + tx.hash()
                        + ")"));
        return 0;
      }
    }

    private void agree(GranaryChain chain, EthKey key, DealSnapshot deal) {
      boolean running = deal.state().isRunning();
      if (!running || !deal.client().equals(key.address())) {
        throw new IllegalArgumentException(
            "only the client of an active deal agrees to its end; "
                + deal.id()
                + " is "
                + deal.state()
                + " and its client is "
                + deal.client());
      }
      SignedEarlyEnd signed =
          Consent.sign(
              chain.terms().domain(),
              key,
              deal.id(),
              chain.queries().head().number().plus(CONSENT_BLOCKS));
      String consent = Consent.print(signed);
      common.print(
          Map.of(
              "ok",
              true,
              "dealId",
              deal.id().toString(),
              "executeBy",
              signed.earlyEnd().executeBy().value(),
              "consent",
              consent),
          out -> {
            out.println(
                "Hand this to the owner of miner "
                    + deal.miner()
                    + "; until block "
                    + signed.earlyEnd().executeBy()
                    + " it ends the deal with:");
            out.println("granary miner end " + deal.id() + " --consent " + consent);
          });
    }
  }

  /** {@code granary deal settle}. */
  @Command(
      name = "settle",
      description = "Pay what was proved and slash what was missed up to now.")
  public static final class Settle extends Act {
    /** For picocli. */
    public Settle() {
      super((market, id) -> market.settle(List.of(id)));
    }
  }

  /** {@code granary deal complete}. */
  @Command(name = "complete", description = "End a deal that has run its course.")
  public static final class Complete extends Act {
    /** For picocli. */
    public Complete() {
      super(ClientMarket::complete);
    }
  }

  /** {@code granary deal expire}. */
  @Command(
      name = "expire",
      description =
          "End a deal that was published but not activated in time; the price comes back.")
  public static final class Expire extends Act {
    /** For picocli. */
    public Expire() {
      super(ClientMarket::expire);
    }
  }

  /** {@code granary deal terminate}. */
  @Command(
      name = "terminate",
      description = "End a deal whose miner missed too many periods in a row.")
  public static final class Terminate extends Act {
    /** For picocli. */
    public Terminate() {
      super(ClientMarket::terminate);
    }
  }
}
