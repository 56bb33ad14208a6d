package io.granary.app.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code granary version}. */
@Command(name = "version", description = "Show the versions of granary and Java.")
public final class VersionCommand implements Callable<Integer> {
  /** Of this program. */
  public static final String VERSION = "0.1.0";

  @Mixin Common common = new Common();

  @Override
  public Integer call() {
    Map<String, Object> v = new LinkedHashMap<>();
    v.put("ok", true);
    v.put("version", VERSION);
    v.put("java", Runtime.version().toString());
    common.print(v, out -> out.println("granary " + VERSION + " (Java " + Runtime.version() + ")"));
    return 0;
  }
}
