package io.granary.app.cli;

import io.granary.contracts.GranaryChain;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.HandOver;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code granary miner handover}. */
@Command(
    name = "handover",
    description =
        "Show this miner's active deals, their clients, and what each client runs to take its deal elsewhere. With --waive agree, for good, that they end without notice when they are handed over: clients see that on chain.",
    footer = {
      "",
      "Example: granary miner handover",
      "         granary miner handover --waive",
      "         granary miner handover --waive 0x5f3a…"
    })
final class MinerHandOverCommand implements Callable<Integer> {
  @Mixin Common common = new Common();

  @Option(names = "--waive", description = "Waive the notice of these deals; cannot be taken back.")
  boolean waive;

  @Parameters(
      arity = "0..*",
      paramLabel = "DEAL",
      description = "Deals; without any, all that are active.")
  List<String> given = new ArrayList<>();

  /** An active deal, and how it stands with its hand-over. */
  private record Row(DealSnapshot deal, HandOver standing) {
    String says() {
      if (deal.noticed()) {
        return "ends before period " + deal.end();
      }
      return (standing.waived() ? "notice waived" : "with notice")
          + (standing.pending() ? ", being handed over" : "");
    }
  }

  @Override
  public Integer call() throws IOException {
    EthKey owner = common.wallet();
    try (GranaryChain chain = common.connect(Optional.of(owner))) {
      List<DealId> wanted = given.stream().map(DealCommand::parse).toList();
      List<Row> rows = rows(chain, owner.address(), wanted);
      Map<String, Object> v = new LinkedHashMap<>();
      v.put("ok", true);
      v.put("miner", owner.address().toString());
      List<DealId> open =
          rows.stream()
              .filter(r -> waive && !r.standing().waived() && !r.deal().noticed())
              .map(r -> r.deal().id())
              .toList();
      if (!open.isEmpty()) {
        TxResult.Confirmed tx = chain.actions().waiveNotice(open).orThrow();
        v.put("transaction", tx.hash().toString());
        v.put("waived", open.stream().map(DealId::toString).toList());
        rows = rows(chain, owner.address(), wanted);
      }
      List<Row> shown = rows;
      v.put("deals", shown.stream().map(MinerHandOverCommand::describe).toList());
      common.print(
          v,
          out -> {
            if (!open.isEmpty()) {
              out.println("✓ " + open.size() + " deals end without notice when handed over");
            }
            table(out, shown);
          });
      return 0;
    }
  }

  /** From the chain, so that it needs no node. */
  private static List<Row> rows(GranaryChain chain, Address miner, List<DealId> wanted) {
    var queries = chain.queries();
    List<DealId> ids =
        wanted.isEmpty()
            ? queries.events(queries.deployedAt(), queries.head().number()).stream()
                .filter(e -> e instanceof MarketEvent.DealActivated a && a.miner().equals(miner))
                .map(e -> ((MarketEvent.DealActivated) e).dealId())
                .toList()
            : wanted;
    List<Row> rows = new ArrayList<>();
    for (DealId id : ids) {
      DealSnapshot deal = DealCommand.find(chain, id);
      if (!deal.miner().equals(miner)) {
        throw new IllegalArgumentException(
            "deal " + id + " is with miner " + deal.miner() + ", not with " + miner);
      }
      if (deal.state().isRunning()) {
        rows.add(new Row(deal, queries.handOver(id)));
      }
    }
    return rows;
  }

  private static Map<String, Object> describe(Row r) {
    Map<String, Object> v = new LinkedHashMap<>(DealCommand.describe(r.deal()));
    v.put("noticeWaived", r.standing().waived());
    v.put("handOverPending", r.standing().pending());
    return v;
  }

  private static void table(PrintWriter out, List<Row> rows) {
    if (rows.isEmpty()) {
      out.println("no active deals");
      return;
    }
    List<List<String>> table = new ArrayList<>();
    table.add(List.of("DEAL", "CLIENT", "ENDS", "HAND-OVER"));
    for (Row r : rows) {
      table.add(
          List.of(
              r.deal().id().toString(),
              r.deal().client().toString(),
              r.deal().end().toString(),
              r.says()));
    }
    Out.table(out, table);
    out.println("Each client moves its deal with: granary deal handover DEAL --to MINER");
  }
}
