package io.granary.app.cli;

import io.granary.auditor.replay.AuditReport;
import io.granary.auditor.replay.ChainAudit;
import io.granary.contracts.GranaryChain;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code granary audit}. */
@Command(
    name = "audit",
    description =
        "Replay the market from its deployment and check every challenge, opening, payment and slash. Exit code 3: something is not right.",
    subcommands = {
      DemandCommands.Demand.class,
      DemandCommands.Resolve.class,
      DemandCommands.Dispute.class
    },
    footer = {
      "",
      "Example: granary audit --json",
      "         granary audit --miner 0x…",
      "         granary audit demand 0x5f3a…"
    })
public final class AuditCommand implements Callable<Integer> {
  /** Exit code when something is not right. */
  public static final int FOUND = 3;

  @Mixin Common common = new Common();

  @Option(
      names = "--deal",
      paramLabel = "DEAL",
      description = "List only this deal (all are checked).")
  @Nullable String deal;

  @Option(
      names = "--miner",
      paramLabel = "ADDRESS",
      description = "List only this miner's deals (all are checked).")
  @Nullable String miner;

  @Override
  public Integer call() throws IOException {
    try (GranaryChain chain = common.connect(Optional.empty())) {
      AuditReport report =
          ChainAudit.filter(
              new ChainAudit(chain.queries(), chain.queries(), chain.queries()).run(),
              row ->
                  (deal == null || row.dealId().equals(deal))
                      && (miner == null || row.miner().equalsIgnoreCase(miner)));
      common.print(report, out -> print(out, report));
      return report.ok() ? 0 : FOUND;
    }
  }

  private static String tokens(String units) {
    return new TokenAmount(new BigInteger(units)).toTokens();
  }

  /** For people. */
  static void print(java.io.PrintWriter out, AuditReport report) {
    List<List<String>> table = new ArrayList<>();
    table.add(List.of("DEAL", "MINER", "STATE", "BYTES", "PROVED", "MISSED", "PAID", "SLASHED"));
    for (AuditReport.DealRow d : report.deals()) {
      table.add(
          List.of(
              Out.shorten(d.dealId()),
              Out.shorten(d.miner()),
              d.state(),
              Out.bytes(d.bytes()),
              Long.toString(d.proved()),
              Long.toString(d.missed()),
              tokens(d.paid()),
              tokens(d.slashed())));
    }
    Out.table(out, table);
    AuditReport.Totals t = report.totals();
    out.println();
    out.println(
        "blocks "
            + report.fromBlock()
            + " to "
            + report.toBlock()
            + ": "
            + t.events()
            + " events, "
            + t.deals()
            + " deals, "
            + t.proofs()
            + " proofs with "
            + t.openings()
            + " openings, "
            + t.sealOpenings()
            + " seal openings");
    if (report.unseen() > 0) {
      out.println(
          report.unseen()
              + " proofs reached the market through another contract; their openings were not seen");
    }
    report
        .firstFinding()
        .ifPresentOrElse(
            f ->
                out.println(
                    "✗ NOT OK at block "
                        + f.block()
                        + (f.transaction().isEmpty() ? "" : ", transaction " + f.transaction())
                        + ": "
                        + f.what()
                        + ": expected "
                        + f.expected()
                        + ", found "
                        + f.actual()),
            () ->
                out.println("✓ ok: every challenge, opening, period, payment and slash is right"));
  }
}
