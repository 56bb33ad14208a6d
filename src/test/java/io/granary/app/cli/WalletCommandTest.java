package io.granary.app.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.app.Main;
import io.granary.contracts.keys.Keystores;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Wallets that are made, and made again from their words. */
class WalletCommandTest {
  private static final String JUNK = "test test test test test test test test test test test junk";
  private static final String JUNK_ADDRESS = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";

  @TempDir Path home;

  private record Answer(int code, String text) {
    JsonNode json() throws IOException {
      return new ObjectMapper().readTree(text);
    }

    void says(int expected, String... parts) {
      assertEquals(expected, code, text);
      for (String part : parts) {
        assertTrue(text.contains(part), () -> part + " is not in: " + text);
      }
    }
  }

  @BeforeEach
  void password() throws IOException {
    Files.writeString(home.resolve("password"), "secret");
  }

  private Answer wallet(String input, String command, String... more) {
    List<String> all =
        new ArrayList<>(List.of("wallet", command, "--home", home.toString(), "--light"));
    all.addAll(List.of(more));
    InputStream in = System.in;
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    PrintStream both = new PrintStream(said, true, StandardCharsets.UTF_8);
    System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
    System.setOut(both);
    System.setErr(both);
    try {
      int code = Main.run(all.toArray(String[]::new));
      return new Answer(code, said.toString(StandardCharsets.UTF_8));
    } finally {
      System.setIn(in);
      System.setOut(out);
      System.setErr(err);
    }
  }

  private Path file() {
    return home.resolve("wallet.json");
  }

  private String address() throws IOException {
    return Keystores.load(file(), "secret").address().toString().toLowerCase();
  }

  @ParameterizedTest
  @ValueSource(ints = {12, 24})
  void a_wallet_comes_back_from_its_phrase(int count) throws IOException {
    JsonNode made = wallet("", "new", "--json", "--words", String.valueOf(count)).json();
    String phrase = made.get("phrase").asText();
    assertEquals(count, phrase.split(" ").length);
    String address = made.get("address").asText();
    assertEquals(address.toLowerCase(), address());
    Files.delete(file());
    wallet(phrase + "\n", "restore").says(0, address);
    assertEquals(address.toLowerCase(), address());
  }

  @Test
  void the_words_are_printed_in_their_order_and_kept_nowhere() throws IOException {
    Answer made = wallet("", "new");
    made.says(0, "Write these words down", file().toString());
    List<String> words =
        Pattern.compile("(\\d+)\\. ([a-z]+)")
            .matcher(made.text())
            .results()
            .sorted((a, b) -> Integer.parseInt(a.group(1)) - Integer.parseInt(b.group(1)))
            .map(m -> m.group(2))
            .toList();
    String address = address();
    try (Stream<Path> files = Files.walk(home)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String kept = Files.readString(file);
        assertFalse(kept.contains(words.get(0) + " " + words.get(1)), file.toString());
      }
    }
    Files.delete(file());
    wallet(String.join(" ", words), "restore").says(0);
    assertEquals(address, address());
  }

  @Test
  void words_come_from_a_line_of_input_or_a_file() throws IOException {
    wallet(JUNK + "\nanything else\n", "restore").says(0);
    assertEquals(JUNK_ADDRESS, address());
    Files.delete(file());
    Path phrase = home.resolve("phrase");
    Files.writeString(phrase, JUNK.replace(" ", "\n") + "\n");
    wallet("", "restore", "--phrase-file", phrase.toString()).says(0);
    assertEquals(JUNK_ADDRESS, address());
  }

  @Test
  void a_wallet_is_never_overwritten() throws IOException {
    wallet(JUNK, "restore").says(0);
    byte[] before = Files.readAllBytes(file());
    wallet(JUNK, "restore").says(Failures.WRONG, file() + " exists already");
    wallet("", "new").says(Failures.WRONG, file() + " exists already");
    assertArrayEquals(before, Files.readAllBytes(file()));
  }

  @Test
  void what_is_no_phrase_writes_nothing() {
    wallet("", "restore").says(Failures.WRONG, "no recovery phrase came", "--phrase-file");
    wallet("\n", "restore").says(Failures.WRONG, "not 0");
    wallet(JUNK.replace("junk", "jnuk"), "restore")
        .says(Failures.WRONG, "word 12 of the recovery phrase, 'jnuk'", "junk");
    wallet(JUNK.replace("junk", "test"), "restore").says(Failures.WRONG, "checksum");
    wallet("", "new", "--words", "13").says(Failures.WRONG, "not 13");
    wallet("", "restore", "--phrase-file", home.resolve("none").toString())
        .says(Failures.WRONG, "none");
    assertFalse(Files.exists(file()));
  }

  @Test
  void words_are_no_arguments() {
    wallet("", "restore", JUNK.split(" ")).says(Failures.WRONG, "Unmatched arguments");
    assertFalse(Files.exists(file()));
  }
}
