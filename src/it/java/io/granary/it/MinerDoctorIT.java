package io.granary.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.granary.app.node.MinerHome;
import io.granary.app.node.MinerSettings;
import io.granary.app.node.Nodes;
import io.granary.client.grpc.MinerConnection;
import io.granary.client.grpc.PeerException;
import io.granary.contracts.DevMarket;
import io.granary.contracts.keys.Keystores;
import io.granary.proofs.Hash32;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.grpc.CallAuth;
import io.granary.protocol.grpc.NodeServer;
import io.granary.protocol.grpc.TlsIdentity;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A miner's folder, chain and node, sound and broken in one way after the other. */
class MinerDoctorIT extends CommandLineHarness {
  private static final String PASSWORD = "doctor-must-not-tell";

  /** How fast the disk of the tests is, is not for them to say. */
  private static final Set<String> MEASURED = Set.of("disk sync", "disk reads", "disk speed");

  private int measured;
  private DevMarket market;
  private MinerHome miner;
  private String endpoint;

  @BeforeEach
  void make() throws IOException {
    market = new DevMarket(home);
    miner = new MinerHome(home.resolve("miner"));
    endpoint = "127.0.0.1:" + port;
    Files.createDirectories(miner.dir());
    Keystores.save(
        market.operatorKey,
        PASSWORD,
        miner.dir().resolve("operator.json"),
        Keystores.Strength.LIGHT);
    Files.writeString(miner.dir().resolve("password"), PASSWORD);
    Files.setPosixFilePermissions(
        miner.dir().resolve("password"), PosixFilePermissions.fromString("rw-------"));
    miner.create(
        MinerSettings.of(
            market.miner().toString(),
            endpoint,
            endpoint,
            64 << 20,
            DevMarket.PRICE_PER_LEAF.units().longValueExact(),
            3_000_000_000L),
        market.deployment,
        PASSWORD,
        Keystores.Strength.LIGHT);
    register(miner.tls().tlsKeyHash(), DevMarket.PRICE_PER_LEAF);
  }

  private void register(Hash32 tls, TokenAmount price) {
    market.owner.actions().update(market.miner(), endpoint, tls, price).orThrow();
  }

  @AfterEach
  void end() throws IOException {
    market.close();
  }

  /** The checks that are not ok, with what they say; none of them may tell a secret. */
  private Map<String, String> examine(int code, String... more) throws IOException {
    Answer answer =
        at(
            "miner doctor",
            Stream.concat(Stream.of("--miner-home", miner.dir().toString()), Arrays.stream(more))
                .toArray(String[]::new));
    assertEquals(code, answer.code(), answer.text());
    String key = Hash32.of(market.operatorKey.secretBytes()).toHex();
    for (String secret : List.of(PASSWORD, key, "PRIVATE KEY", "s3cret-path")) {
      assertFalse(answer.text().contains(secret), answer.text());
    }
    Map<String, String> found = new TreeMap<>();
    measured = 0;
    for (JsonNode check : answer.json().path("checks")) {
      String name = check.path("check").asText();
      boolean ok = check.path("level").asText().equals("ok");
      assertEquals(ok, check.path("remedy").asText().isEmpty(), check.toString());
      if (MEASURED.contains(name)) {
        measured++;
      } else if (!ok) {
        found.put(name, check.toString());
      }
    }
    assertEquals(code == 0, answer.json().path("ok").asBoolean());
    return found;
  }

  private static void says(Map<String, String> found, String check, String... parts) {
    assertTrue(found.containsKey(check), check + " is not in " + found);
    for (String part : parts) {
      assertTrue(found.get(check).contains(part), part + " is not in: " + found.get(check));
    }
  }

  @Test
  void a_running_miner_is_sound_and_each_thing_that_breaks_is_named() throws Exception {
    Map<String, String> stopped = examine(0);
    assertEquals(List.of("endpoint"), List.copyOf(stopped.keySet()), stopped.toString());
    try (AutoCloseable node = Nodes.startMiner(miner, Optional.empty(), Optional.empty())) {
      assertTrue(node != null);
      assertEquals(Map.of(), examine(0));
      assertEquals(MEASURED.size(), measured);
      Answer text = granary("miner", "doctor", "--miner-home", miner.dir().toString());
      says(
          text,
          0,
          "ok      settings",
          " disk speed ",
          "ok      gas",
          "ok      endpoint",
          "latency");
      its_tls_key_is_changed_and_clients_with_the_old_record_go_on_for_a_while();
      assertEquals(Map.of(), examine(0));
      market.owner.actions().setAccepting(false).orThrow();
      register(Hash32.fromHex("22".repeat(32)), TokenAmount.of(5_000_000_000L));
      Map<String, String> differs = examine(2);
      says(differs, "registry", "paused", "miner.json asks");
      says(differs, "tls key", "22".repeat(32), miner.tls().tlsKeyHash().toHex());
      says(differs, "endpoint", "registered is");
    }
  }

  /** Whether the node is talked to by a client that has this in its record of it. */
  private boolean answers(String at, Hash32 tlsKeyHash) {
    MinerRecord record =
        new MinerRecord(
            new PeerRecord(market.miner(), at, tlsKeyHash),
            market.operatorKey.address(),
            TokenAmount.ZERO,
            true,
            false,
            DevMarket.PRICE_PER_LEAF,
            0);
    try (MinerConnection client =
        new MinerConnection(record, market.client.terms().domain(), market.clientKey)) {
      return client.ask().ask().miner().equals(market.miner());
    } catch (PeerException e) {
      assertTrue(e.isUnreachable(), e.getMessage());
      assertTrue(e.getMessage().contains("the registry says"), e.getMessage());
      return false;
    }
  }

  private void mineUntil(String what, BooleanSupplier condition) throws InterruptedException {
    Instant limit = Instant.now().plusSeconds(60);
    while (!condition.getAsBoolean()) {
      assertTrue(Instant.now().isBefore(limit), what + " did not happen");
      market.anvil.mine(1);
      Thread.sleep(100);
    }
  }

  private void its_tls_key_is_changed_and_clients_with_the_old_record_go_on_for_a_while()
      throws Exception {
    Hash32 old = miner.tls().tlsKeyHash();
    String[] prepare = {"--prepare", "--miner-home", miner.dir().toString()};
    JsonNode prepared = at("miner rotate-tls", prepare).json();
    Hash32 next = Hash32.fromHex(prepared.path("tlsKeyHash").asText());
    assertTrue(answers(endpoint, old));
    register(next, DevMarket.PRICE_PER_LEAF);
    assertEquals(Map.of(), examine(0), "the folder has what is registered");
    mineUntil("the next key is taken", () -> !miner.tlsKeys().hasNext());
    assertEquals(next, miner.tls().tlsKeyHash());
    assertTrue(answers(endpoint, old));
    assertTrue(answers(endpoint, next));
    says(at("miner rotate-tls", prepare), 2, "--again");

    // Whoever takes the endpoint over has neither key, and is refused at any time.
    Path elsewhere = Files.createDirectory(home.resolve("attacker"));
    TlsIdentity attackers = TlsIdentity.loadOrCreate(elsewhere);
    try (NodeServer attacker =
        NodeServer.start(
            new InetSocketAddress("127.0.0.1", 0),
            attackers,
            new CallAuth(market.client.terms().domain(), market.miner(), Clock.systemUTC()),
            List.of())) {
      assertFalse(answers("127.0.0.1:" + attacker.port(), old));
      assertFalse(answers("127.0.0.1:" + attacker.port(), next));
    }
    assertFalse(answers(endpoint, attackers.tlsKeyHash()));

    Path oldKey = miner.dir().resolve("tls-old-key.pem");
    Files.setLastModifiedTime(oldKey, FileTime.from(Instant.now().minus(Duration.ofDays(2))));
    mineUntil("the old key is gone", () -> !Files.exists(oldKey) && !answers(endpoint, old));
    assertTrue(answers(endpoint, next));
  }

  private void putTheOwnersKeyIn() throws IOException {
    Files.move(
        miner.dir().resolve("cold.json"),
        miner.dir().resolve("operator.json"),
        StandardCopyOption.REPLACE_EXISTING);
  }

  @Test
  void wrong_keys_rights_chains_and_no_gas_fail() throws Exception {
    Path key = miner.dir().resolve("operator.json");
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
    Keystores.save(
        market.ownerKey, PASSWORD, miner.dir().resolve("cold.json"), Keystores.Strength.LIGHT);
    Path wrong = Files.writeString(home.resolve("wrong"), "not the password");
    market.anvil.ask("anvil_setBalance", List.of(market.operatorKey.address().toString(), "0x1"));
    Map<String, String> found = examine(2, "--password-file", wrong.toString());
    says(found, "key files", "chmod 600 " + key);
    says(found, "owner key", "cold.json");
    says(found, "operator key", "password does not open");
    says(found, "gas", "0 proofs", "send " + market.operatorKey.address());

    market.owner.actions().setOperator(EthKey.generate().address()).orThrow();
    says(examine(2), "operator key", "registered operator is");

    says(
        examine(2, "--rpc", "http://127.0.0.1:1/s3cret-path"),
        "rpc",
        "http://127.0.0.1:1 does not answer");
    putTheOwnersKeyIn();
    says(examine(2), "operator key", "which is the owner", "rotate-operator");
    says(
        at("miner run", "--miner-home", miner.dir().toString()),
        2,
        market.ownerKey.address().toString(),
        "rotate-operator");
    Files.writeString(miner.dir().resolve("miner.json"), "{\"miner\":\"0x12\"}");
    says(examine(2), "settings", "'endpoint' is missing");
    Files.delete(miner.dir().resolve("miner.json"));
    says(examine(2), "settings", "granary miner init");
    assertEquals(BigInteger.ONE, market.client.wei(market.operatorKey.address()));
  }
}
