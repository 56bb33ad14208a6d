package io.granary.app.node;

import java.io.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Passwords of key files: from a file, or asked; never from the command line, where other users
 * could read them.
 */
public final class Passwords {
  private Passwords() {}

  /**
   * Reads a password.
   *
   * @param home folder whose {@code password} file is used when no other is named
   * @param file the named file
   * @param twice true for a new password, which is asked for twice
   */
  public static String read(Path home, Optional<Path> file, boolean twice) throws IOException {
    Path path = file.orElse(home.resolve("password"));
    if (file.isPresent() || Files.isRegularFile(path)) {
      String password = Files.readString(path).strip();
      if (password.isEmpty()) {
        throw new IOException(path + " is empty; write the password into it");
      }
      return password;
    }
    Console console = System.console();
    if (console == null || !console.isTerminal()) {
      throw new IOException(
          "a password is needed and there is no terminal to ask at: give --password-file FILE");
    }
    String password = new String(console.readPassword("Password: "));
    if (twice && !password.equals(new String(console.readPassword("Again: ")))) {
      throw new IOException("the two passwords differ; nothing was written");
    }
    if (password.isEmpty()) {
      throw new IOException("an empty password protects nothing; nothing was done");
    }
    return password;
  }
}
