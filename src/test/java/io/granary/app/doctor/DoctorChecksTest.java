package io.granary.app.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.app.node.KeyFiles;
import io.granary.contracts.EndpointProbe;
import io.granary.contracts.keys.Keystores;
import io.granary.proofs.Hash32;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.grpc.TlsIdentity;
import io.granary.protocol.values.Address;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What each check makes of what it sees. */
class DoctorChecksTest {
  private static final Instant NOW = Instant.parse("2030-01-01T00:00:00Z");
  private static final long MIB = 1L << 20;

  @TempDir Path dir;

  private static EndpointProbe.Head head(long secondsOld) {
    return new EndpointProbe.Head(
        1000,
        NOW.minusSeconds(secondsOld),
        Duration.ofSeconds(12),
        BigInteger.valueOf(1_000_000_000));
  }

  private static void is(Finding.Level level, Finding found, String... parts) {
    assertEquals(level, found.level(), found.toString());
    assertEquals(level != Finding.Level.OK, !found.remedy().isBlank(), found.toString());
    for (String part : parts) {
      assertTrue(found.toString().contains(part), part + " is not in: " + found);
    }
  }

  @Test
  void a_clock_is_told_by_how_much_it_is_off() {
    is(Finding.Level.OK, EndpointChecks.clock(head(0), NOW, false));
    is(Finding.Level.OK, EndpointChecks.clock(head(-2), NOW, false));
    is(Finding.Level.OK, EndpointChecks.clock(head(90), NOW, false));
    is(Finding.Level.WARNING, EndpointChecks.clock(head(91), NOW, false), "91 s ahead");
    is(Finding.Level.WARNING, EndpointChecks.clock(head(-3), NOW, false), "behind by 3 s");
    is(Finding.Level.WARNING, EndpointChecks.clock(head(-59), NOW, false), "behind by 59 s");
    is(Finding.Level.FAILED, EndpointChecks.clock(head(-60), NOW, false), "behind by 60 s", "NTP");
    is(Finding.Level.OK, EndpointChecks.clock(head(-600), NOW, true), "600 s behind");
  }

  @Test
  void a_slow_endpoint_is_a_warning() {
    is(Finding.Level.OK, EndpointChecks.latency(Duration.ofSeconds(1)));
    is(Finding.Level.WARNING, EndpointChecks.latency(Duration.ofMillis(1_001)), "1001 ms");
  }

  @Test
  void an_endpoint_that_stands_fails() {
    is(Finding.Level.OK, EndpointChecks.head(head(180), NOW, false));
    is(Finding.Level.FAILED, EndpointChecks.head(head(181), NOW, false), "181 s old");
  }

  @Test
  void the_room_on_the_disk_is_compared_with_what_is_offered() {
    is(Finding.Level.OK, DiskChecks.space(1256 * MIB, 0, 1000 * MIB, 256 * MIB));
    is(Finding.Level.OK, DiskChecks.space(656 * MIB, 600 * MIB, 1000 * MIB, 256 * MIB));
    is(
        Finding.Level.WARNING,
        DiskChecks.space(556 * MIB, 600 * MIB, 1000 * MIB, 256 * MIB),
        "100 MiB more",
        Long.toString(900 * MIB));
    is(Finding.Level.FAILED, DiskChecks.space(255 * MIB, 0, 1000 * MIB, 256 * MIB), "256 MiB must");
  }

  @Test
  void gas_is_counted_in_proofs() {
    // 250,000 gas at twice 1 gwei: 5 * 10^14 wei a proof.
    BigInteger proof = BigInteger.valueOf(500_000_000_000_000L);
    Address operator = EthKey.generate().address();
    is(
        Finding.Level.OK,
        RegistryChecks.gas(proof.multiply(BigInteger.TEN), operator, head(0), 7200),
        "10 proofs",
        "10 days");
    is(
        Finding.Level.WARNING,
        RegistryChecks.gas(proof.multiply(BigInteger.valueOf(9)), operator, head(0), 7200),
        "9 proofs",
        "send " + operator + " 0.0005 ether");
    is(
        Finding.Level.FAILED,
        RegistryChecks.gas(proof.subtract(BigInteger.ONE), operator, head(0), 7200),
        "0 proofs");
  }

  @Test
  void a_disk_is_measured_and_nothing_is_left() throws IOException {
    DiskSpeed speed = DiskSpeed.measure(dir, 4 << 20);
    assertTrue(speed.writeBytesPerSecond() > 0 && speed.readBytesPerSecond() > 0, speed.toString());
    assertTrue(speed.sync().toNanos() > 0 && speed.slowRead().toNanos() > 0, speed.toString());
    try (Stream<Path> left = Files.list(dir)) {
      assertEquals(List.of(), left.toList());
    }
    is(Finding.Level.OK, DiskChecks.sync(Duration.ofMillis(100)));
    is(Finding.Level.WARNING, DiskChecks.sync(Duration.ofMillis(101)), "101.0 ms");
  }

  @Test
  void key_files_that_others_may_read_are_named() throws IOException {
    Path key = Files.writeString(dir.resolve("operator.json"), "{}");
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
    Files.writeString(dir.resolve("miner.json"), "{}");
    is(Finding.Level.OK, FolderChecks.permissions(dir), "1, readable");
    for (String open : List.of("rw-r-----", "rw-----w-", "rw----r--", "rw--w----")) {
      Files.setPosixFilePermissions(key, PosixFilePermissions.fromString(open));
      is(Finding.Level.FAILED, FolderChecks.permissions(dir), "chmod 600 " + key);
    }
  }

  @Test
  void the_owners_key_is_found_under_any_name() throws IOException {
    EthKey owner = EthKey.generate();
    EthKey operator = EthKey.generate();
    Keystores.save(operator, "p", dir.resolve("operator.json"), Keystores.Strength.LIGHT);
    Files.writeString(dir.resolve("miner.json"), "{\"address\":\"" + owner.address() + "\"}");
    Files.writeString(dir.resolve("notes.txt"), owner.address().toString());
    Path wallets = dir.resolve("wallets");
    is(Finding.Level.OK, FolderChecks.owner(dir, wallets, owner.address()));
    Keystores.save(owner, "p", wallets.resolve("wallet.json"), Keystores.Strength.LIGHT);
    is(Finding.Level.WARNING, FolderChecks.owner(dir, wallets, owner.address()), "wallet.json");
    Path moved = dir.resolve("cold backup.bin");
    Keystores.save(owner, "p", moved, Keystores.Strength.LIGHT);
    is(Finding.Level.FAILED, FolderChecks.owner(dir, wallets, owner.address()), moved.toString());
    assertEquals(Optional.of(moved), KeyFiles.keyOf(owner.address(), dir));
    is(
        Finding.Level.FAILED,
        FolderChecks.operator(owner, owner.address(), Optional.empty()),
        "rotate-operator");
  }

  @Test
  void a_port_is_free_or_held_by_something_that_does_not_speak_tls() throws Exception {
    Hash32 own = TlsIdentity.loadOrCreate(dir).tlsKeyHash();
    InetSocketAddress listen;
    Thread deaf;
    try (ServerSocket other = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      listen = new InetSocketAddress(InetAddress.getLoopbackAddress(), other.getLocalPort());
      deaf = Thread.ofVirtual().start(() -> hangUpOnEverybody(other));
      assertEquals(false, NetworkChecks.isFree(listen));
      is(Finding.Level.FAILED, NetworkChecks.port(listen, false, own), "no node answers");
      is(Finding.Level.FAILED, NetworkChecks.endpoint(listen, own, true), "firewall");
    }
    // The port is given back when nobody waits at it any more.
    deaf.join();
    assertTrue(NetworkChecks.isFree(listen));
    is(Finding.Level.OK, NetworkChecks.port(listen, true, own), "not running");
    is(Finding.Level.WARNING, NetworkChecks.endpoint(listen, own, false), "granary miner run");
  }

  private static void hangUpOnEverybody(ServerSocket socket) {
    try {
      while (true) {
        socket.accept().close();
      }
    } catch (IOException closed) {
      return;
    }
  }
}
