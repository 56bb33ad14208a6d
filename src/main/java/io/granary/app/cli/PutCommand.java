package io.granary.app.cli;

import io.granary.client.GranaryClient;
import io.granary.client.ListedDeal;
import io.granary.client.Progress;
import io.granary.client.store.StoredFile;
import io.granary.contracts.GranaryChain;
import io.granary.protocol.crypto.EthKey;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code granary put}. */
@Command(
    name = "put",
    description =
        "Store a file with several miners. Done when all deals are active on chain; run it again to go on after an interruption. The file is stored as it is: encrypt what is private.",
    footer = {"", "Example: granary put holiday.tar --replicas 3 --periods 90"})
public final class PutCommand implements Callable<Integer> {
  @Mixin Common common = new Common();
  @Mixin Terms terms = new Terms();

  @Parameters(paramLabel = "FILE", description = "The file.")
  Path file = Path.of("");

  @Override
  public Integer call() throws IOException {
    EthKey key = common.wallet();
    try (GranaryChain chain = common.connect(Optional.of(key))) {
      GranaryClient client = Common.client(chain, key, terms.config(common.home()));
      StoredFile stored =
          client.put(file, common.json ? step -> {} : new ProgressPrinter(common.out()));
      common.print(
          Map.of(
              "ok",
              true,
              "name",
              stored.name(),
              "pieceCid",
              stored.pieceCid(),
              "bytes",
              stored.bytes(),
              "deals",
              stored.deals().stream()
                  .filter(d -> !d.abandoned())
                  .map(StoredFile.StoredDeal::dealId)
                  .toList(),
              "leftOpen",
              client.leftOpen(stored).stream().map(PutCommand::describe).toList()),
          out -> out.println("✓ stored " + stored.name() + " as " + stored.pieceCid()));
      return 0;
    }
  }

  private static Map<String, Object> describe(ListedDeal d) {
    return Map.of(
        "dealId",
        d.id().toString(),
        "miner",
        d.proposal().miner().toString(),
        "publishBy",
        d.proposal().publishBy().value(),
        "price",
        d.proposal().price().toTokens());
  }

  /** Steps as lines; uploads at every tenth. */
  static final class ProgressPrinter implements Progress.Listener {
    private final java.io.PrintWriter out;
    private final java.util.Map<Object, Long> tenths =
        new java.util.concurrent.ConcurrentHashMap<>();

    ProgressPrinter(java.io.PrintWriter out) {
      this.out = out;
    }

    @Override
    public void on(Progress step) {
      switch (step) {
        case Progress.Hashed h -> line("✓ hashed " + Out.bytes(h.bytes()) + ": " + h.pieceCid());
        case Progress.Accepted a ->
            line(
                "✓ "
                    + Out.shorten(a.miner().toString())
                    + " accepts deal "
                    + Out.shorten(a.deal().toString()));
        case Progress.Declined d ->
            line("✗ " + Out.shorten(d.miner().toString()) + " " + d.reason());
        case Progress.Uploading u ->
            tenth(
                "up" + u.miner(),
                "  " + Out.shorten(u.miner().toString()) + " has ",
                u.sent(),
                u.total());
        case Progress.Uploaded u ->
            line("✓ " + Out.shorten(u.miner().toString()) + " has all bytes and seals them");
        case Progress.Published p ->
            line(
                "✓ "
                    + Out.shorten(p.miner().toString())
                    + " published the deal; price and collateral are locked");
        case Progress.Active a ->
            line(
                "✓ "
                    + Out.shorten(a.miner().toString())
                    + " opened its replica on chain: deal "
                    + Out.shorten(a.deal().toString())
                    + " is active");
        case Progress.LeftOpen l ->
            line(
                "! "
                    + Out.shorten(l.miner().toString())
                    + " did not go through with its deal, but can still publish it until block "
                    + l.publishBy()
                    + ", one replica more for "
                    + l.price()
                    + " tokens; to take it back (a transaction): granary deal cancel "
                    + l.deal());
        case Progress.Received r ->
            tenth(
                "down" + r.miner(),
                "  verified from " + Out.shorten(r.miner().toString()) + " ",
                r.bytes(),
                r.total());
        case Progress.Failover f ->
            line(
                "✗ "
                    + Out.shorten(f.miner().toString())
                    + " "
                    + f.reason()
                    + "; asking the next miner");
      }
    }

    private void tenth(String key, String text, long done, long total) {
      long tenth = done * 10 / Math.max(1, total);
      Long before = tenths.put(key, tenth);
      if (before == null || before < tenth) {
        line(text + Out.bytes(done) + " of " + Out.bytes(total));
      }
    }

    private synchronized void line(String text) {
      out.println(text);
      out.flush();
    }
  }
}
