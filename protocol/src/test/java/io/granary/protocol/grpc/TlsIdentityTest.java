package io.granary.protocol.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The key that the registry tells peers is never changed by the way. */
class TlsIdentityTest {
  @TempDir Path dir;

  @Test
  void an_identity_is_made_once_and_comes_back() throws IOException {
    TlsIdentity made = TlsIdentity.loadOrCreate(dir);
    assertEquals(made, TlsIdentity.loadOrCreate(dir));
    assertEquals(made, TlsIdentity.load(dir));
  }

  @ParameterizedTest
  @ValueSource(strings = {"tls-key.pem", "tls-cert.pem"})
  void a_lost_file_is_named_and_not_replaced(String lost) throws IOException {
    TlsIdentity.loadOrCreate(dir);
    Files.delete(dir.resolve(lost));
    IOException told = assertThrows(IOException.class, () -> TlsIdentity.loadOrCreate(dir));
    assertTrue(String.valueOf(told.getMessage()).contains(lost), told.getMessage());
    assertTrue(String.valueOf(told.getMessage()).contains("backup"), told.getMessage());
  }

  @Test
  void a_node_that_was_never_made_is_not_made_by_running_it() {
    IOException told = assertThrows(IOException.class, () -> TlsIdentity.load(dir));
    assertTrue(String.valueOf(told.getMessage()).contains("tls-key.pem"), told.getMessage());
  }
}
