package io.granary.app.cli;

import io.granary.client.store.Catalogue;
import io.granary.client.store.StoredFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code granary ls}. */
@Command(
    name = "ls",
    description =
        "List stored files, from this wallet's catalogue; 'granary deal list' says what the chain has.",
    footer = {"", "Example: granary ls --json"})
public final class LsCommand implements Callable<Integer> {
  @Mixin Common common = new Common();

  @Override
  public Integer call() throws IOException {
    List<StoredFile> files = new Catalogue(common.home()).all();
    common.print(
        Map.of("ok", true, "files", files),
        out -> {
          List<List<String>> table = new ArrayList<>();
          table.add(List.of("NAME", "SIZE", "DEALS", "STATE", "PIECE CID"));
          for (StoredFile f : files) {
            long deals = f.deals().stream().filter(d -> !d.abandoned()).count();
            table.add(
                List.of(
                    f.name(),
                    Out.bytes(f.bytes()),
                    Long.toString(deals),
                    f.complete() ? "stored" : "unfinished: put it again",
                    f.pieceCid()));
          }
          Out.table(out, table);
        });
    return 0;
  }
}
