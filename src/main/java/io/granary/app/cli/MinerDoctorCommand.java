package io.granary.app.cli;

import io.granary.app.doctor.Finding;
import io.granary.app.doctor.MinerDoctor;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code granary miner doctor}. */
@Command(
    name = "doctor",
    description =
        "Check what a miner needs: settings, keys and their files, disk space and speed, the clock, the endpoint, the registry, gas, the port and what peers reach. Changes nothing; works beside the running node.",
    footer = {"", "Exit code: 0 nothing failed (there may be warnings), 2 something did."})
final class MinerDoctorCommand extends MinerCommand.Place implements Callable<Integer> {
  @Override
  public Integer call() {
    List<Finding> findings =
        new MinerDoctor(
                place(),
                common.home(),
                Optional.ofNullable(common.passwordFile),
                common.endpoints(),
                Clock.systemUTC())
            .examine();
    boolean ok = findings.stream().noneMatch(f -> f.level() == Finding.Level.FAILED);
    List<Map<String, Object>> rows = findings.stream().map(MinerDoctorCommand::row).toList();
    common.print(
        Map.of("ok", ok, "checks", rows),
        out ->
            findings.forEach(
                f ->
                    out.printf(
                        "%-7s %-12s %s%s%n",
                        f.word(),
                        f.check(),
                        f.found(),
                        f.remedy().isEmpty() ? "" : " → " + f.remedy())));
    return ok ? 0 : Failures.WRONG;
  }

  private static Map<String, Object> row(Finding f) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("check", f.check());
    row.put("level", f.word());
    row.put("found", f.found());
    row.put("remedy", f.remedy());
    return row;
  }
}
