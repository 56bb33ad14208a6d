package io.granary.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.app.Main;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Runs commands in a home of their own, and says what they answered. */
abstract class CommandLineHarness {
  @TempDir Path home;
  int port;

  record Answer(int code, String text) {
    JsonNode json() throws IOException {
      return new ObjectMapper().readTree(text);
    }
  }

  Answer granary(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
    try {
      return new Answer(
          Main.run(all.toArray(String[]::new)), said.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
  }

  Answer at(String command, String... more) {
    return at(home, command, more);
  }

  Answer at(Path home, String command, String... more) {
    List<String> all = new ArrayList<>(List.of(command.split(" ")));
    all.addAll(List.of("--home", home.toString(), "--json"));
    all.addAll(List.of(more));
    return granary(all.toArray(String[]::new));
  }

  @BeforeEach
  void prepare() throws IOException {
    System.setProperty("granary.root", Path.of("..").toAbsolutePath().normalize().toString());
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    Files.writeString(home.resolve("password"), "secret");
  }

  @AfterEach
  void stop() {
    at("devnet down");
  }

  static void says(Answer answer, int code, String... parts) {
    assertEquals(code, answer.code(), answer.text());
    for (String part : parts) {
      assertTrue(answer.text().contains(part), part + " is not in: " + answer.text());
    }
  }
}
