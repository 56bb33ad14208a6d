package io.granary.app.doctor;

import java.util.Locale;

/**
 * What one check found.
 *
 * @param check its name
 * @param level how bad it is
 * @param found in words, with the values; no secrets
 * @param remedy what to do; empty when all is well
 */
public record Finding(String check, Level level, String found, String remedy) {
  /** How bad it is. */
  public enum Level {
    /** As it should be. */
    OK,
    /** The node runs, but something is not as it should be or could not be looked at. */
    WARNING,
    /** The node would not run, would be refused, or would lose money. */
    FAILED
  }

  /** How bad it is, as people and monitors read it: ok, warning or failed. */
  public String word() {
    return level.name().toLowerCase(Locale.ROOT);
  }

  static Finding ok(String check, String found) {
    return new Finding(check, Level.OK, found, "");
  }

  static Finding warning(String check, String found, String remedy) {
    return new Finding(check, Level.WARNING, found, remedy);
  }

  static Finding failed(String check, String found, String remedy) {
    return new Finding(check, Level.FAILED, found, remedy);
  }
}
