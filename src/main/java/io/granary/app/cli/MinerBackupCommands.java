package io.granary.app.cli;

import io.granary.app.node.MinerBackup;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code granary miner backup} and {@code restore}. */
final class MinerBackupCommands {
  private MinerBackupCommands() {}

  private static long bytes(List<MinerBackup.Item> items) {
    return items.stream().mapToLong(MinerBackup.Item::bytes).sum();
  }

  /** {@code granary miner backup}. */
  @Command(
      name = "backup",
      description =
          "Copy the node's state to a new directory, while it runs or not: store, settings, encrypted operator key, TLS identity. Replicas are listed, not copied. The password is not in it: keep it elsewhere.",
      footer = {"", "Example: granary miner backup /mnt/backup/granary-2030-01-01"})
  static final class Backup extends MinerCommand.Place implements Callable<Integer> {
    @Parameters(paramLabel = "DIR", description = "A directory that does not exist, or is empty.")
    Path directory = Path.of("");

    @Override
    public Integer call() throws IOException {
      MinerBackup.Manifest made = MinerBackup.create(place(), directory);
      Map<String, Object> v = new LinkedHashMap<>();
      v.put("ok", true);
      v.put("directory", directory.toString());
      v.put("files", made.files().size());
      v.put("bytes", bytes(made.files()));
      v.put("replicaFiles", made.replicas().size());
      v.put("replicaBytes", bytes(made.replicas()));
      v.put("uploadFiles", made.uploads().size());
      common.print(
          v,
          out -> {
            out.println(
                "✓ "
                    + directory
                    + ": "
                    + made.files().size()
                    + " files, "
                    + Out.bytes(bytes(made.files())));
            out.println(
                "  not in it: "
                    + made.replicas().size()
                    + " files of replicas ("
                    + Out.bytes(bytes(made.replicas()))
                    + "), "
                    + made.uploads().size()
                    + " staged pieces, and the password");
          });
      return 0;
    }
  }

  /** {@code granary miner restore}. */
  @Command(
      name = "restore",
      description =
          "Put a backup into a folder where no miner is; replicas that lie there are taken up when the node starts. Nothing is overwritten. Never run two nodes of one miner: stop the old one for good first.",
      footer = {
        "",
        "Example: granary miner restore /mnt/backup/granary-2030-01-01 --miner-home /srv/granary"
      })
  static final class Restore extends MinerCommand.Place implements Callable<Integer> {
    @Parameters(paramLabel = "DIR", description = "What 'granary miner backup' made.")
    Path directory = Path.of("");

    @Override
    public Integer call() throws IOException {
      MinerBackup.Manifest restored = MinerBackup.restore(directory, place());
      List<MinerBackup.Item> missing = MinerBackup.missing(restored, place());
      Map<String, Object> v = new LinkedHashMap<>();
      v.put("ok", true);
      v.put("miner", restored.miner());
      v.put("home", place().dir().toString());
      v.put("backupOf", restored.at());
      v.put("missingReplicaFiles", missing.stream().map(MinerBackup.Item::path).toList());
      common.print(
          v,
          out -> {
            out.println(
                "✓ miner "
                    + restored.miner()
                    + " as of "
                    + restored.at()
                    + " is in "
                    + place().dir());
            for (MinerBackup.Item item : missing) {
              out.println("  missing: " + item.path() + " (" + Out.bytes(item.bytes()) + ")");
            }
            out.println(
                "  "
                    + (missing.isEmpty() ? "" : "bring these files, then ")
                    + "check with 'granary miner doctor' and start with 'granary miner run'");
          });
      return 0;
    }
  }
}
