package io.granary.app.cli;

import io.granary.client.ClientConfig;
import io.granary.client.GranaryClient;
import io.granary.client.plan.Candidate;
import io.granary.client.plan.TrackRecords;
import io.granary.contracts.GranaryChain;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code granary quote}. */
@Command(
    name = "quote",
    description =
        "What it would cost to store a file, its pieces one by one in the order in which 'put' asks miners, and why some are left out. PROVED, MISSED (periods) and TERMINATED (deals) are the miner's record of the last "
            + TrackRecords.LOOK_BACK_PERIODS
            + " periods; one that lost a replica is asked last.",
    footer = {
      "",
      "Example: granary quote holiday.tar --periods 90",
      "         granary quote 1073741824"
    })
public final class QuoteCommand implements Callable<Integer> {
  @Mixin Common common = new Common();
  @Mixin Terms terms = new Terms();

  @Parameters(paramLabel = "FILE|BYTES", description = "A file, or a number of bytes.")
  String what = "";

  private long bytes() throws IOException {
    Path file = Path.of(what);
    if (Files.isRegularFile(file)) {
      return Files.size(file);
    }
    if (!what.matches("\\d{1,18}")) {
      throw new IllegalArgumentException(
          "no file '" + what + "', and not a number of bytes: give one or the other");
    }
    return Long.parseLong(what);
  }

  @Override
  public Integer call() throws IOException {
    long bytes = bytes();
    ClientConfig config = terms.config(common.home());
    EthKey key = common.wallet();
    try (GranaryChain chain = common.connect(Optional.of(key))) {
      GranaryClient client = Common.client(chain, key, config);
      RawSize piece = client.pieceSize(bytes);
      List<Candidate> candidates = client.quote(piece);
      int wanted = config.redundancy().miners();
      List<Candidate> first =
          candidates.stream().filter(Candidate::eligible).limit(wanted).toList();
      TokenAmount total =
          first.stream().map(Candidate::price).reduce(TokenAmount.ZERO, TokenAmount::plus);
      List<Map<String, Object>> rows = new ArrayList<>();
      for (Candidate c : candidates) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("miner", c.miner().peer().id().toString());
        row.put("price", c.price().toTokens());
        row.put("stake", c.miner().stake().toTokens());
        row.put("liveDeals", c.miner().liveDeals());
        row.put("proved", c.record().proved());
        row.put("missed", c.record().missed());
        row.put("terminated", c.record().terminated());
        row.put("excluded", c.excluded());
        rows.add(row);
      }
      common.print(
          Map.of(
              "ok",
              true,
              "bytes",
              bytes,
              "pieceBytes",
              piece.bytes(),
              "minersWanted",
              wanted,
              "minersFound",
              first.size(),
              "total",
              total.toTokens(),
              "miners",
              rows),
          out -> {
            out.println(
                config.redundancy()
                    + (config.encrypted() ? ", encrypted" : ", public")
                    + ": "
                    + wanted
                    + " miners with "
                    + Out.bytes(piece.bytes())
                    + " each; "
                    + (first.size() < wanted
                        ? "only " + first.size() + " take it"
                        : total.toTokens() + " tokens for " + config.periods() + " periods"));

            List<List<String>> table = new ArrayList<>();
            table.add(
                List.of(
                    "MINER", "PRICE", "STAKE", "LIVE DEALS", "PROVED", "MISSED", "TERMINATED", ""));
            for (Candidate c : candidates) {
              table.add(
                  List.of(
                      c.miner().peer().id().toString(),
                      c.price().toTokens(),
                      c.miner().stake().toTokens(),
                      Long.toString(c.miner().liveDeals()),
                      Long.toString(c.record().proved()),
                      Long.toString(c.record().missed()),
                      Long.toString(c.record().terminated()),
                      c.eligible() ? "" : "not asked: it " + c.excluded()));
            }
            Out.table(out, table);
          });
      return 0;
    }
  }
}
