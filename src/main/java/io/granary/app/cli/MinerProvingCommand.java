package io.granary.app.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.granary.contracts.ChainQueries;
import io.granary.contracts.GranaryChain;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.PeriodStake;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code granary miner proving}: how much time the last proofs had left, and the next will have.
 */
@Command(
    name = "proving",
    description =
        "The last proving periods with the blocks their proofs had to spare, and the next with what depends on them.",
    footer = {"", "Example: granary miner proving --past 30"})
final class MinerProvingCommand extends MinerCommand.Place implements Callable<Integer> {
  private static final int NEXT = 4;

  @Option(
      names = "--past",
      paramLabel = "N",
      defaultValue = "6",
      description = "So many past periods (default: ${DEFAULT-VALUE}).")
  long past = 6;

  @Override
  public Integer call() throws IOException {
    if (past < 0 || past > 10_000) {
      throw new IllegalArgumentException("--past is 0 to 10000 periods, not " + past);
    }
    Address miner = place().settings().id();
    if (common.deployment == null) {
      common.deployment = place().dir().resolve("deployment.json");
    }
    JsonNode rehearsal =
        Files.isRegularFile(place().statusFile()) ? status().path("rehearsal") : none();
    try (GranaryChain chain = common.connect(Optional.empty())) {
      ChainQueries q = chain.queries();
      PeriodClock clock = q.clock(miner);
      long head = q.head().number().value();
      long current = clock.periodAt(head + 1);
      long first = Math.max(0, current - past);
      Map<Long, Long> proved = new TreeMap<>();
      long from = Math.max(q.deployedAt().value(), clock.periodEnd(first) - clock.periodBlocks());
      for (MarketEvent.PeriodProved p :
          q.proofs(miner, new BlockNumber(Math.min(from, head)), new BlockNumber(head))) {
        proved.put(p.period().index(), p.at().block().value());
      }
      Collection<DealSnapshot> deals = q.deals(stored()).values();
      List<Row> rows = new ArrayList<>();
      for (long p = first; p < current + NEXT; p++) {
        rows.add(row(q, miner, clock, head, p, Optional.ofNullable(proved.get(p)), deals));
      }
      Optional<Long> usual = median(rows.stream().flatMap(r -> r.taken().stream()).toList());
      common.print(
          json(head, clock, usual, rows, rehearsal),
          out -> print(out, head, clock, usual, rows, rehearsal));
      return 0;
    }
  }

  private static JsonNode none() {
    return com.fasterxml.jackson.databind.node.MissingNode.getInstance();
  }

  /** Deals as the node knows them; none before it has run. */
  private List<DealId> stored() throws IOException {
    List<DealId> ids = new ArrayList<>();
    if (Files.isRegularFile(place().dealsFile())) {
      deals().forEach(d -> ids.add(DealId.parse(d.path("id").asText())));
    }
    return ids;
  }

  /**
   * One period.
   *
   * @param provedAt block of its proof
   * @param taken blocks from the first in which it could be proved to that of its proof
   */
  private record Row(
      long period,
      long challengeBlock,
      long lastBlock,
      Optional<Long> provedAt,
      Optional<Long> taken,
      boolean excused,
      PeriodStake stake,
      long head) {
    boolean over() {
      return head >= lastBlock;
    }

    String proof(Optional<Long> usual) {
      if (provedAt.isPresent()) {
        return "✓ in block "
            + provedAt.get()
            + ", "
            + blocks(lastBlock - provedAt.get())
            + " to spare";
      }
      if (excused) {
        return "excused";
      }
      if (stake.deals() == 0) {
        return over() ? "no duty" : "no duty as things are";
      }
      if (over()) {
        return "✗ missed";
      }
      String when =
          head < challengeBlock
              ? "drawn in " + blocks(challengeBlock - head)
              : "open, " + blocks(lastBlock - head) + " left";
      return when
          + usual
              .map(u -> ", " + blocks(lastBlock - challengeBlock - 1 - u) + " to spare expected")
              .orElse("");
    }
  }

  private static String blocks(long n) {
    return n + (n == 1 ? " block" : " blocks");
  }

  private static Row row(
      ChainQueries q,
      Address miner,
      PeriodClock clock,
      long head,
      long p,
      Optional<Long> provedAt,
      Collection<DealSnapshot> deals) {
    MarketTerms terms = q.terms();
    Period period = new Period(p);
    long challenge = clock.challengeBlock(p);
    return new Row(
        p,
        challenge,
        clock.periodEnd(p) - 1,
        provedAt,
        provedAt.map(b -> b - challenge - 1),
        provedAt.isEmpty() && q.isExcused(miner, period),
        PeriodStake.of(period, deals, terms),
        head);
  }

  private static Optional<Long> median(List<Long> values) {
    List<Long> sorted = values.stream().sorted().toList();
    return sorted.isEmpty() ? Optional.empty() : Optional.of(sorted.get(sorted.size() / 2));
  }

  private static Map<String, Object> json(
      long head, PeriodClock clock, Optional<Long> usual, List<Row> rows, JsonNode rehearsal) {
    Map<String, Object> v = new LinkedHashMap<>();
    v.put("ok", true);
    v.put("head", head);
    v.put("windowBlocks", clock.windowBlocks());
    v.put("usualBlocks", usual.orElse(null));
    List<Map<String, Object>> periods = new ArrayList<>();
    for (Row r : rows) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("period", r.period());
      row.put("challengeBlock", r.challengeBlock());
      row.put("lastBlock", r.lastBlock());
      row.put("blocksLeft", Math.max(0, r.lastBlock() - head));
      row.put("proved", r.provedAt().isPresent());
      row.put("provedAt", r.provedAt().orElse(null));
      row.put("slack", r.provedAt().map(b -> r.lastBlock() - b).orElse(null));
      row.put("excused", r.excused());
      row.put("deals", r.stake().deals());
      row.put("pay", r.stake().pay().toString());
      row.put("slash", r.stake().slash().toString());
      periods.add(row);
    }
    v.put("periods", periods);
    v.put("rehearsal", rehearsal.isObject() ? rehearsal : null);
    return v;
  }

  private static void print(
      PrintWriter out,
      long head,
      PeriodClock clock,
      Optional<Long> usual,
      List<Row> rows,
      JsonNode rehearsal) {
    out.println("head " + head);
    List<List<String>> table = new ArrayList<>();
    table.add(List.of("PERIOD", "CHALLENGE BLOCK", "LAST BLOCK", "DEALS", "PAY", "SLASH", "PROOF"));
    for (Row r : rows) {
      table.add(
          List.of(
              String.valueOf(r.period()),
              String.valueOf(r.challengeBlock()),
              String.valueOf(r.lastBlock()),
              String.valueOf(r.stake().deals()),
              r.stake().pay().toTokens(),
              r.stake().slash().toTokens(),
              r.proof(usual)));
    }
    Out.table(out, table);
    out.println("pay and slash are those of the deals as they stand now, in tokens");
    usual.ifPresent(
        u ->
            out.println(
                "proofs take "
                    + blocks(u + 1)
                    + " of the "
                    + (clock.windowBlocks() - 1)
                    + " that a window has (median)"));
    if (rehearsal.isObject()) {
      MinerScreen.rehearsal(out, rehearsal, true);
    }
  }
}
