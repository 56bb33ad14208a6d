package io.granary.app.cli;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Where an option's value comes from when the command line does not say: the environment, then the
 * configuration file.
 */
public final class Defaults implements IDefaultValueProvider {
  private @Nullable Properties file;

  @Override
  public @Nullable String defaultValue(ArgSpec argument) throws IOException {
    if (!(argument instanceof OptionSpec option)) {
      return null;
    }
    String name = option.longestName().replaceFirst("^--?", "");
    String environment =
        System.getenv("GRANARY_" + name.toUpperCase(Locale.ROOT).replace('-', '_'));
    return environment != null ? environment : file().getProperty(name);
  }

  private Properties file() throws IOException {
    if (file == null) {
      Properties properties = new Properties();
      Path path = home().resolve("config.properties");
      if (Files.isRegularFile(path)) {
        try (Reader reader = Files.newBufferedReader(path)) {
          properties.load(reader);
        }
      }
      file = properties;
    }
    return file;
  }

  /** The home folder when no option names one. */
  static Path home() {
    String environment = System.getenv("GRANARY_HOME");
    return environment != null
        ? Path.of(environment)
        : Path.of(System.getProperty("user.home"), ".granary");
  }
}
