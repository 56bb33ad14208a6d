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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a person or a script sees of the command line: answers, refusals and exit codes, on a real
 * local chain.
 */
class CommandLineIT {
  @TempDir Path home;
  private int port;

  private record Answer(int code, String text) {
    JsonNode json() throws IOException {
      return new ObjectMapper().readTree(text);
    }
  }

  private Answer granary(String... arguments) {
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

  private Answer at(String command, String... more) {
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

  @Test
  void piece_cids_of_any_file_down_to_an_empty_one() throws IOException {
    Path file = Files.write(home.resolve("one"), new byte[127]);
    assertEquals(
        "bafkzcibcaabdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy",
        at("piece cid " + file).json().path("pieceCidV2").asText());
    Path empty = Files.write(home.resolve("empty"), new byte[0]);
    JsonNode answer = at("piece cid " + empty).json();
    assertEquals(
        "baga6ea4seaqdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy",
        answer.path("pieceCidV1").asText());
    assertEquals(false, answer.path("storable").asBoolean());
    assertEquals(2, at("piece cid " + home.resolve("none")).code());
  }

  @Test
  void a_missing_market_a_dead_endpoint_and_a_busy_port_name_their_remedy() throws IOException {
    Answer none = at("devnet status");
    assertEquals(2, none.code(), none.text());
    assertTrue(none.json().path("message").asText().contains("granary devnet up"), none.text());
    Answer up = at("devnet up", "--port", Integer.toString(port), "--block-time", "0.2");
    assertEquals(0, up.code(), up.text());
    Answer twice =
        granary(
            "devnet",
            "up",
            "--home",
            Files.createDirectories(home.resolve("other")).toString(),
            "--port",
            Integer.toString(port),
            "--json");
    assertEquals(2, twice.code(), twice.text());
    assertTrue(twice.text().contains("stop what uses the port"), twice.text());
    at("devnet down");
    Answer dead = at("devnet status");
    assertEquals(1, dead.code(), dead.text());
    assertEquals("CHAIN_UNAVAILABLE", dead.json().path("error").asText());
  }

  @Test
  void money_moves_and_what_cannot_is_refused_by_name() throws IOException {
    assertEquals(
        0, at("devnet up", "--port", Integer.toString(port), "--block-time", "0.2").code());
    String address = at("wallet new", "--light").json().path("address").asText();
    assertEquals(2, at("wallet new", "--light").code(), "a key is never overwritten");
    assertEquals(0, at("devnet fund " + address, "--tokens", "100").code());
    assertEquals("40", at("deposit 40").json().path("unlocked").asText());
    Answer tooMuch = at("deposit 1000");
    assertEquals(2, tooMuch.code(), tooMuch.text());
    assertEquals("ERC20InsufficientBalance", tooMuch.json().path("error").asText());
    assertEquals("NothingRequested", at("withdraw").json().path("error").asText());
    Answer words = at("deposit lots");
    assertEquals(2, words.code());
    assertTrue(words.text().contains("'lots'"), words.text());
    Path file = Files.writeString(home.resolve("file.txt"), "bytes");
    Answer put = at("put " + file);
    assertEquals(1, put.code(), put.text());
    assertEquals("NOT_ENOUGH_MINERS", put.json().path("error").asText());
    Path empty = Files.write(home.resolve("empty.txt"), new byte[0]);
    assertEquals("BAD_FILE", at("put " + empty).json().path("error").asText());
    Answer audit = at("audit");
    assertEquals(0, audit.code(), audit.text());
    assertTrue(audit.json().path("ok").asBoolean());
    Files.writeString(home.resolve("password"), "wrong");
    Answer wrong = at("wallet show");
    assertEquals(2, wrong.code());
    assertTrue(wrong.text().contains("password does not open"), wrong.text());
  }
}
