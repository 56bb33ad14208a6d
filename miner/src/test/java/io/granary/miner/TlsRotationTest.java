package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.proofs.Hash32;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.grpc.TlsFolder;
import io.granary.protocol.grpc.TlsProbe;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The owner changes the TLS key of a node that runs; the registry decides, block by block. */
class TlsRotationTest {
  private static final Hash32 STRANGER = Hash32.fromHex("22".repeat(32));

  @TempDir Path dir;
  private MinerFixture f;
  private TlsFolder folder;
  private Hash32 first;

  @BeforeEach
  void start() throws IOException {
    f = new MinerFixture(dir).start();
    folder = f.tlsFolder();
    first = f.tls.tlsKeyHash();
  }

  @AfterEach
  void stop() {
    f.close();
  }

  /** What the node shows to who asks for a key. */
  private Hash32 shown(Hash32 asked) {
    try {
      return TlsProbe.keyHash(
          new InetSocketAddress("127.0.0.1", f.node().port()), asked, Duration.ofSeconds(10));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void register(Hash32 tlsKeyHash) {
    f.chain.register(
        new PeerRecord(f.miner, f.config().advertisedEndpoint(), tlsKeyHash),
        f.operator.address(),
        true);
  }

  private void age(String file) throws IOException {
    Files.setLastModifiedTime(
        dir.resolve("tls").resolve(file), FileTime.from(Instant.now().minus(Duration.ofDays(2))));
  }

  private boolean isThere(String file) {
    return Files.exists(dir.resolve("tls").resolve(file));
  }

  @Test
  void a_next_key_is_shown_then_taken_and_the_one_before_goes_when_its_time_is_over()
      throws IOException {
    Hash32 next = folder.makeNext().tlsKeyHash();
    f.chain.mineUntil("the next key is shown", () -> shown(next).equals(next));
    assertEquals(first, shown(STRANGER), "the registry says the first");
    register(next);
    f.chain.mineUntil("the next key is taken", () -> shown(STRANGER).equals(next));
    assertEquals(next, folder.current().tlsKeyHash());
    assertEquals(first, shown(first), "a client that knows the first goes on");

    // A reorg: the registry says the first again, whose time is over by the clock.
    register(first);
    age("tls-old-key.pem");
    f.chain.mineUntil("the first is preferred", () -> shown(STRANGER).equals(first));
    assertEquals(next, shown(next));
    assertTrue(isThere("tls-old-key.pem"), "what the registry says is not given up");
    register(next);
    f.chain.mineUntil("the first is gone", () -> shown(first).equals(next));
    assertFalse(isThere("tls-old-key.pem"));
    assertFalse(f.hadTrouble("registry-differs"));
    assertFalse(f.hadTrouble("tls-key-failed"));
  }

  @Test
  void a_rotation_that_was_registered_while_the_node_was_away_is_taken_at_its_start()
      throws IOException {
    f.close();
    Hash32 next = folder.makeNext().tlsKeyHash();
    // Cut off between its last two renames.
    Files.move(dir.resolve("tls/tls-cert.pem"), dir.resolve("tls/tls-old-cert.pem"));
    Files.copy(dir.resolve("tls/tls-key.pem"), dir.resolve("tls/tls-old-key.pem"));
    Files.move(dir.resolve("tls/tls-next-cert.pem"), dir.resolve("tls/tls-cert.pem"));
    f.start();
    assertEquals(next, shown(next));
    assertEquals(first, shown(first));
    f.chain.mineUntil("the registered one is preferred", () -> shown(STRANGER).equals(first));
    register(next);
    f.chain.mineUntil("the next is preferred", () -> shown(STRANGER).equals(next));
  }

  @Test
  void a_file_that_cannot_be_read_is_told_and_the_node_shows_what_it_had() throws IOException {
    Hash32 next = folder.makeNext().tlsKeyHash();
    byte[] key = Files.readAllBytes(dir.resolve("tls/tls-next-key.pem"));
    Files.writeString(dir.resolve("tls/tls-next-key.pem"), "no key");
    register(next);
    f.chain.mineUntil("it is told", () -> f.hadTrouble("tls-key-failed"));
    assertEquals(first, shown(next));
    f.chain.mineUntil("the difference is told", () -> f.hadTrouble("registry-differs"));
    Files.write(dir.resolve("tls/tls-next-key.pem"), key);
    f.chain.mineUntil("it is taken all the same", () -> shown(STRANGER).equals(next));
  }
}
