package io.granary.app.cli;

import io.granary.app.node.MinerBackup;
import io.granary.miner.DrainReport;
import io.granary.miner.admin.AdminClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The node's state leaves its folder and comes back, and the node stops in good order. */
final class MinerBackupCommands {
  private MinerBackupCommands() {}

  /** {@code granary miner backup}. */
  @Command(
      name = "backup",
      description =
          "Copy the node's state to a new directory, while it runs or not: store, settings, market, encrypted operator key, TLS identity. Replicas are listed, not copied. The password is not in it: keep it elsewhere.",
      footer = {"", "Example: granary miner backup --to /mnt/backup/granary-2030-01-01"})
  static final class Backup extends MinerCommand.Place implements Callable<Integer> {
    @Option(
        names = "--to",
        paramLabel = "DIR",
        required = true,
        description = "A directory that does not exist yet, best on another disk.")
    Path to = Path.of("");

    @Override
    public Integer call() throws IOException {
      MinerBackup.Manifest made = MinerBackup.create(place(), to, VersionCommand.VERSION);
      Map<String, Object> v = new LinkedHashMap<>();
      v.put("ok", true);
      v.put("directory", to.toString());
      v.put("files", made.files());
      v.put("bytes", made.bytes());
      v.put("replicas", made.replicas().size());
      v.put("replicaBytes", bytes(made.replicas()));
      common.print(
          v,
          out -> {
            out.println("✓ " + to + ": " + made.files() + " files, " + Out.bytes(made.bytes()));
            out.println(
                "  not in it: "
                    + made.replicas().size()
                    + " replicas ("
                    + Out.bytes(bytes(made.replicas()))
                    + "), staged pieces, and the password");
          });
      return 0;
    }
  }

  private static long bytes(List<MinerBackup.Replica> replicas) {
    return replicas.stream().mapToLong(MinerBackup.Replica::bytes).sum();
  }

  /** {@code granary miner restore}. */
  @Command(
      name = "restore",
      description =
          "Put a backup into a folder that is empty but for replicas, uploads and the password. Everything is verified first and nothing is overwritten. Never run two nodes of one miner: the old one must be stopped for good.",
      footer = {
        "",
        "Example: granary miner restore --from /mnt/backup/granary-2030-01-01 --miner-home /srv/granary"
      })
  static final class Restore extends MinerCommand.Place implements Callable<Integer> {
    @Option(
        names = "--from",
        paramLabel = "DIR",
        required = true,
        description = "What 'granary miner backup' made.")
    Path from = Path.of("");

    @Override
    public Integer call() throws IOException {
      MinerBackup.Manifest restored = MinerBackup.restore(from, place());
      List<MinerBackup.Replica> missing = MinerBackup.missing(restored, place());
      Map<String, Object> v = new LinkedHashMap<>();
      v.put("ok", true);
      v.put("miner", restored.miner());
      v.put("home", place().dir().toString());
      v.put("backupOf", restored.at());
      v.put("replicas", restored.replicas().size());
      v.put("missingReplicas", missing);
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
            for (MinerBackup.Replica replica : missing) {
              out.println(
                  "  missing: the replica of deal "
                      + replica.deal()
                      + ", "
                      + Out.bytes(replica.bytes()));
            }
            if (!missing.isEmpty()) {
              out.println(
                  "  bring the replicas folder, or 'granary miner repair DEAL' each, or 'granary miner fault DEAL'");
            }
            out.println(
                "  when the old node is stopped for good: granary miner run --miner-home "
                    + place().dir());
          });
      return 0;
    }
  }

  /** {@code granary miner drain}. */
  @Command(
      name = "drain",
      description =
          "Stop the running node in good order: it takes no deals and no uploads any more, ends transfers, the sealing and proofs that run, for up to 'drainSeconds' of miner.json, and stops. SIGTERM does the same.",
      footer = {"", "Example: granary miner drain"})
  static final class Drain extends MinerCommand.Place implements Callable<Integer> {
    @Override
    public Integer call() throws IOException {
      // Fails where this is no miner's folder.
      place().settings();
      DrainReport report =
          new AdminClient(place().dir())
              .drain()
              .orElseThrow(
                  () ->
                      new IOException(
                          "no node runs in "
                              + place().dir()
                              + ", or it has no admin socket (see its log): SIGTERM drains it too"));
      common.print(
          Map.of("ok", true, "cut", report.cut()),
          out -> {
            out.println(report.cut().isEmpty() ? "✓ all ended; the node stops" : "the node stops");
            report.cut().forEach(c -> out.println("  cut: " + c));
          });
      return 0;
    }
  }
}
