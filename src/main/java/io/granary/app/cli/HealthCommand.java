package io.granary.app.cli;

import io.granary.client.ClientConfig;
import io.granary.client.FileHealth;
import io.granary.client.GranaryClient;
import io.granary.client.store.StoredFile;
import io.granary.contracts.GranaryChain;
import io.granary.protocol.crypto.EthKey;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code granary health}. */
@Command(
    name = "health",
    description =
        "How many pieces of each file are held by active deals, and until which block enough are if none is renewed. Exit code 3 when a file lacks one.",
    footer = {"", "Example: granary health holiday.tar"})
public final class HealthCommand implements Callable<Integer> {
  @Mixin Common common = new Common();

  @Parameters(
      arity = "0..1",
      paramLabel = "NAME|CID",
      description = "As 'granary ls' lists it (default: all files).")
  @Nullable String what;

  @Override
  public Integer call() throws IOException {
    EthKey key = common.wallet();
    try (GranaryChain chain = common.connect(Optional.of(key))) {
      GranaryClient client = Common.client(chain, key, ClientConfig.defaults(common.home()));
      List<StoredFile> files = what == null ? client.files() : List.of(client.find(what));
      List<FileHealth> all = files.stream().map(client::health).toList();
      boolean whole = all.stream().allMatch(h -> h.state() == FileHealth.State.WHOLE);
      common.print(
          Map.of("ok", whole, "files", all.stream().map(HealthCommand::describe).toList()),
          out -> {
            List<List<String>> table = new ArrayList<>();
            table.add(List.of("NAME", "PIECES", "NEEDED", "STATE", "READABLE UNTIL", ""));
            all.forEach(h -> table.add(row(h)));
            Out.table(out, table);
          });
      return whole ? 0 : 3;
    }
  }

  private static Map<String, Object> describe(FileHealth h) {
    Map<String, Object> v = new LinkedHashMap<>();
    v.put("name", h.file().name());
    v.put("state", word(h));
    v.put("pieces", h.live().size());
    v.put("held", h.held());
    v.put("needed", h.file().data());
    v.put("liveDeals", h.live());
    h.until().ifPresent(block -> v.put("readableUntil", block.value()));
    return v;
  }

  private static String word(FileHealth h) {
    return h.state().name().toLowerCase(Locale.ROOT);
  }

  private static List<String> row(FileHealth h) {
    return List.of(
        h.file().name(),
        h.held() + " of " + h.live().size(),
        Integer.toString(h.file().data()),
        word(h),
        h.until().map(block -> "block " + block).orElse("-"),
        switch (h.state()) {
          case WHOLE -> "";
          case WEAKENED -> "granary repair " + h.file().name();
          case LOST -> "granary get " + h.file().name() + " soon: miners may have it still";
        });
  }
}
