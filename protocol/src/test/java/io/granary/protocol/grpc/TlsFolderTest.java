package io.granary.protocol.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.proofs.Hash32;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A rotation that is cut off anywhere goes on, and no key is ever lost on the way. */
class TlsFolderTest {
  @TempDir Path dir;
  private TlsFolder folder;
  private Hash32 first;

  @BeforeEach
  void make() throws IOException {
    first = TlsIdentity.loadOrCreate(dir).tlsKeyHash();
    folder = new TlsFolder(dir);
  }

  private List<Hash32> all() throws IOException {
    return folder.all().stream().map(TlsIdentity::tlsKeyHash).toList();
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(dir)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  private Path file(String name) {
    return dir.resolve(name);
  }

  @Test
  void a_rotation_makes_takes_and_drops_and_keys_are_readable_by_their_owner_only()
      throws IOException {
    assertEquals(List.of(first), all());
    assertFalse(folder.hasNext());
    Hash32 second = folder.makeNext().tlsKeyHash();
    assertNotEquals(first, second);
    assertEquals(second, folder.makeNext().tlsKeyHash(), "taken up, not made twice");
    assertEquals(List.of(first, second), all());
    folder.takeNext();
    assertEquals(List.of(second, first), all());
    assertEquals(Optional.of(first), folder.old().map(TlsIdentity::tlsKeyHash));
    for (String name : List.of("tls-key.pem", "tls-old-key.pem")) {
      assertEquals(
          "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file(name))));
    }
    Hash32 third = folder.makeNext().tlsKeyHash();
    folder.takeNext();
    assertEquals(List.of(third, second), all());
    folder.dropOld();
    folder.dropOld();
    assertEquals(List.of(third), all());
    assertEquals(List.of("tls-cert.pem", "tls-key.pem"), files());
  }

  @Test
  void a_making_that_was_cut_off_is_done_again() throws IOException {
    folder.makeNext();
    Files.delete(file("tls-next-key.pem"));
    assertEquals(List.of(first), all());
    folder.finishTaking();
    assertEquals(List.of(first), all());
    Files.writeString(file("tls-next-key.pem.new"), "half of a k");
    Hash32 second = folder.makeNext().tlsKeyHash();
    assertEquals(List.of(first, second), all());
    folder.takeNext();
    assertEquals(List.of(second, first), all());
  }

  /** Stops before each of the four files that a taking changes, in their order. */
  @Test
  void a_taking_that_was_cut_off_goes_on_from_each_of_its_steps() throws IOException {
    Hash32 second = folder.makeNext().tlsKeyHash();
    folder.takeNext();
    Path other = Files.createDirectory(file("other"));
    Hash32 third = folder.makeNext().tlsKeyHash();
    for (int steps = 0; steps <= 4; steps++) {
      Path cut = Files.createDirectory(other.resolve("cut-" + steps));
      for (String name : files()) {
        if (name.endsWith(".pem")) {
          Files.copy(file(name), cut.resolve(name));
        }
      }
      if (steps > 0) {
        copy(cut, "tls-cert.pem", "tls-old-cert.pem");
      }
      if (steps > 1) {
        copy(cut, "tls-key.pem", "tls-old-key.pem");
      }
      if (steps > 2) {
        move(cut, "tls-next-cert.pem", "tls-cert.pem");
      }
      if (steps > 3) {
        move(cut, "tls-next-key.pem", "tls-key.pem");
      }
      TlsFolder again = new TlsFolder(cut);
      if (steps == 3) {
        IOException told = assertThrows(IOException.class, again::current);
        assertTrue(String.valueOf(told.getMessage()).contains("cut off"), told.getMessage());
      }
      again.finishTaking();
      if (again.hasNext()) {
        again.takeNext();
      }
      assertEquals(third, again.current().tlsKeyHash(), "cut before step " + steps);
      assertEquals(second, again.old().orElseThrow().tlsKeyHash(), "cut before step " + steps);
      assertEquals(2, again.all().size());
    }
  }

  private static void copy(Path in, String from, String to) throws IOException {
    Files.copy(in.resolve(from), in.resolve(to), StandardCopyOption.REPLACE_EXISTING);
  }

  private static void move(Path in, String from, String to) throws IOException {
    Files.move(in.resolve(from), in.resolve(to), StandardCopyOption.REPLACE_EXISTING);
  }

  @Test
  void a_key_of_another_certificate_is_refused_and_nothing_is_made_without_a_first()
      throws IOException {
    folder.makeNext();
    copy(dir, "tls-next-key.pem", "tls-key.pem");
    IOException told = assertThrows(IOException.class, folder::current);
    assertTrue(String.valueOf(told.getMessage()).contains("tls-cert.pem"), told.getMessage());
    assertThrows(IOException.class, folder::makeNext);
    Files.writeString(file("tls-key.pem"), "no key");
    assertThrows(IOException.class, folder::current);
  }

  @Test
  void names_tell_which_key_a_client_pins() {
    assertEquals(Optional.of(first), PinName.parse(PinName.of(first)));
    assertEquals(
        Optional.of(first), PinName.parse(PinName.of(first).toUpperCase(java.util.Locale.ROOT)));
    for (String other :
        List.of("", "example.org", "localhost", first.toHex(), PinName.of(first) + ".org")) {
      assertEquals(Optional.empty(), PinName.parse(other));
    }
  }
}
