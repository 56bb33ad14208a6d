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
          table.add(List.of("NAME", "SIZE", "DEALS", "KEPT AS", "STATE", "CONTENT CID"));
          for (StoredFile f : files) {
            long deals = f.deals().stream().filter(d -> !d.abandoned()).count();
            table.add(
                List.of(
                    f.name(),
                    Out.bytes(f.bytes()),
                    Long.toString(deals),
                    keptAs(f),
                    f.complete() ? "stored" : "unfinished: put it again",
                    f.contentCid()));
          }
          Out.table(out, table);
        });
    return 0;
  }

  private static String keptAs(StoredFile f) {
    int pieces = f.pieces().size();
    return (f.encryption() == null ? "public, " : "")
        + (pieces == 1 ? "replicas" : f.data() + "+" + (pieces - f.data()));
  }
}
