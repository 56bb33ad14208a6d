package io.granary.app.cli;

import io.granary.client.ClientConfig;
import io.granary.client.GranaryClient;
import io.granary.client.store.StoredFile;
import io.granary.contracts.GranaryChain;
import io.granary.protocol.chain.ClientMarket;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code granary deal}. */
@Command(
    name = "deal",
    description = "Look at deals and move them on.",
    subcommands = {
      DealCommand.ListDeals.class,
      DealCommand.Show.class,
      DealCommand.Watch.class,
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
        "say what to do: granary deal list, show, watch, settle, complete, expire or terminate");
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
    v.put("settledUpTo", d.cursor().index());
    v.put("proved", d.proved());
    v.put("missed", d.missed());
    v.put("missedInARow", d.missRun());
    return v;
  }

  /** {@code granary deal list}. */
  @Command(name = "list", description = "List the deals of this wallet's files.")
  public static final class ListDeals implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Override
    public Integer call() throws IOException {
      EthKey key = common.wallet();
      try (GranaryChain chain = common.connect(Optional.of(key))) {
        GranaryClient client = Common.client(chain, key, ClientConfig.defaults(common.home()));
        List<Map<String, Object>> rows = new ArrayList<>();
        List<List<String>> table = new ArrayList<>();
        table.add(List.of("DEAL", "FILE", "MINER", "STATE", "PROVED", "MISSED", "PRICE"));
        for (StoredFile file : client.files()) {
          for (StoredFile.StoredDeal deal : file.deals()) {
            client
                .deal(DealId.parse(deal.dealId()))
                .ifPresent(
                    d -> {
                      rows.add(describe(d));
                      table.add(
                          List.of(
                              d.id().toString(),
                              file.name(),
                              Out.shorten(d.miner().toString()),
                              d.state().toString(),
                              Long.toString(d.proved()),
                              Long.toString(d.missed()),
                              d.price().toTokens()));
                    });
          }
        }
        common.print(Map.of("ok", true, "deals", rows), out -> Out.table(out, table));
        return 0;
      }
    }
  }

  private static DealSnapshot find(GranaryChain chain, DealId id) {
    return chain
        .queries()
        .deal(id)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "the market has no deal " + id + ": 'granary deal list' lists yours"));
  }

  /** {@code granary deal show}. */
  @Command(name = "show", description = "Show a deal as the contract has it.")
  public static final class Show implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Parameters(paramLabel = "DEAL", description = "Deal id.")
    String id = "";

    @Override
    public Integer call() throws IOException {
      try (GranaryChain chain = common.connect(Optional.empty())) {
        Map<String, Object> v = describe(find(chain, DealId.parse(id)));
        v.put("ok", true);
        common.print(
            v, out -> v.forEach((k, value) -> out.println(String.format("%-14s %s", k, value))));
        return 0;
      }
    }
  }

  /** {@code granary deal watch}. */
  @Command(name = "watch", description = "Print a deal's changes until it ends.")
  public static final class Watch implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Parameters(paramLabel = "DEAL", description = "Deal id.")
    String id = "";

    @Override
    public Integer call() throws IOException, InterruptedException {
      try (GranaryChain chain = common.connect(Optional.empty())) {
        String last = "";
        while (true) {
          DealSnapshot d = find(chain, DealId.parse(id));
          String now =
              d.state()
                  + ", "
                  + d.proved()
                  + " proved, "
                  + d.missed()
                  + " missed, settled up to period "
                  + d.cursor();
          if (!now.equals(last)) {
            common.print(
                describe(d),
                out -> out.println("block " + chain.queries().head().number() + "  " + now));
            last = now;
          }
          if (d.state().isFinal()) {
            return 0;
          }
          Thread.sleep(1000);
        }
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
      EthKey key = common.wallet();
      try (GranaryChain chain = common.connect(Optional.of(key))) {
        DealId deal = DealId.parse(id);
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
                        + " missed  ("
                        + tx.hash()
                        + ")"));
        return 0;
      }
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
