package io.granary.app.cli;

import io.granary.client.ClientConfig;
import io.granary.client.GranaryClient;
import io.granary.client.ListedDeal;
import io.granary.client.Progress;
import io.granary.client.store.StoredFile;
import io.granary.contracts.GranaryChain;
import io.granary.protocol.crypto.EthKey;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
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
        "Store a file with several miners: encrypted, in shards of which any four of six give it back. Done when all deals are active on chain; run it again to go on after an interruption.",
    footer = {
      "",
      "Example: granary put holiday.tar --shards 4+2 --periods 90",
      "         granary put dataset.csv --public --replicas 3"
    })
public final class PutCommand implements Callable<Integer> {
  @Mixin Common common = new Common();
  @Mixin Terms terms = new Terms();

  @Parameters(paramLabel = "FILE", description = "The file.")
  Path file = Path.of("");

  @Override
  public Integer call() throws IOException {
    // Before a password is asked for.
    ClientConfig config = terms.config(common.home());
    EthKey key = common.wallet();
    try (GranaryChain chain = common.connect(Optional.of(key))) {
      GranaryClient client = Common.client(chain, key, config);
      StoredFile stored =
          client.put(file, common.json ? step -> {} : new ProgressPrinter(common.out()));
      Map<String, Object> v = describe(stored);
      v.put("leftOpen", client.leftOpen(stored).stream().map(PutCommand::describe).toList());
      common.print(v, out -> out.println("✓ stored " + stored.name() + ": " + inWords(stored)));
      return 0;
    }
  }

  /** A file as JSON. */
  static Map<String, Object> describe(StoredFile stored) {
    Map<String, Object> v = new LinkedHashMap<>();
    v.put("ok", true);
    v.put("name", stored.name());
    v.put("contentCid", stored.contentCid());
    v.put("bytes", stored.bytes());
    v.put("encrypted", stored.encryption() != null);
    v.put("data", stored.data());
    v.put("pieces", stored.pieces());
    v.put(
        "deals",
        stored.deals().stream()
            .filter(d -> !d.abandoned())
            .map(StoredFile.StoredDeal::dealId)
            .toList());
    return v;
  }

  private static String inWords(StoredFile stored) {
    long deals = stored.deals().stream().filter(d -> !d.abandoned()).count();
    return stored.data() == 1
        ? deals + (deals == 1 ? " replica" : " replicas") + " of " + stored.pieces().getFirst()
        : deals + " pieces, any " + stored.data() + " of which give it back";
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
        case Progress.Prepared p ->
            line(
                "✓ "
                    + (p.encrypted() ? "encrypted" : "not encrypted")
                    + "; pieces: "
                    + p.pieces()
                    + " of "
                    + Out.bytes(p.bytes())
                    + (p.data() == 1 ? "" : ", any " + p.data() + " give the file back"));
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
