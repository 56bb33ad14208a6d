package io.granary.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.client.store.Catalogue;
import io.granary.client.store.StoredFile;
import io.granary.contracts.deploy.Deployment;
import io.granary.proofs.Hash32;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What a person or a script sees of the command line: answers, refusals and exit codes, on a real
 * local chain.
 */
class CommandLineIT extends CommandLineHarness {
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
  void a_market_is_deployed_with_the_seed_source_that_was_said() throws IOException {
    Answer up = at("devnet up", "--port", Integer.toString(port), "--block-time", "0.2");
    assertEquals(0, up.code(), up.text());
    assertEquals("blockhash", at("market show").json().path("seedKind").asText());
    String both = "http://127.0.0.1:" + port + ",http://localhost:" + port;
    assertEquals(0, at("market show", "--rpc", both).code());
    Answer twice = at("market show", "--rpc", both + "," + both);
    says(twice, 2, "http://127.0.0.1:" + port + " is named twice");
    Answer noUrl = at("market show", "--rpc", both + ",ftp://key:hidden@node.example.org/hidden");
    says(noUrl, 2, "endpoint 3 (ftp://node.example.org) cannot be used");
    assertFalse(noUrl.text().contains("hidden"), noUrl.text());
    String file = home.resolve("randao.json").toString();
    String deploy =
        "market deploy --devnet --rpc http://127.0.0.1:"
            + port
            + " --out "
            + file
            + " --seed-source ";
    Answer wrong = at(deploy + "dice");
    assertEquals(2, wrong.code(), wrong.text());
    assertTrue(wrong.text().contains("choose blockhash or randao"), wrong.text());
    Answer made = at(deploy + "randao");
    assertEquals(0, made.code(), made.text());
    assertEquals(
        "randao", at("market show", "--deployment", file).json().path("seedKind").asText());
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
    assertEquals("BAD_FILE", at("put --public " + empty).json().path("error").asText());
    Answer audit = at("audit");
    assertEquals(0, audit.code(), audit.text());
    assertTrue(audit.json().path("ok").asBoolean());
    Files.writeString(home.resolve("password"), "wrong");
    Answer wrong = at("wallet show");
    assertEquals(2, wrong.code());
    assertTrue(wrong.text().contains("password does not open"), wrong.text());
  }

  private static final String NO_DEAL = "0x" + "ab".repeat(32);

  @Test
  void unknown_and_malformed_deal_ids_are_named_with_the_remedy() {
    assertEquals(
        0, at("devnet up", "--port", Integer.toString(port), "--block-time", "0.2").code());
    assertEquals(0, at("wallet new", "--light").code());
    for (String command :
        List.of("show", "watch", "cancel", "end", "settle", "complete", "expire", "terminate")) {
      says(at("deal " + command + " 0xabc"), 2, "not a deal id: '0xabc'", "granary deal list");
      says(at("deal " + command + " " + NO_DEAL), 2, NO_DEAL, "granary deal list");
    }
    says(at("miner end 0xabc", "--consent", "1:0x"), 2, "not a deal id: '0xabc'");
    says(at("miner end " + NO_DEAL, "--consent", "1:0x"), 2, "not a consent: '1:0x'");
    String consent = "1:0x" + "ab".repeat(65);
    says(at("miner end " + NO_DEAL, "--consent", consent), 2, NO_DEAL);
    says(at("miner fault 0xabc"), 2, "not a deal id: '0xabc'");
    says(at("miner recover 0xabc"), 2, "not a deal id: '0xabc'");
    says(at("miner fault " + NO_DEAL), 2, "granary miner init");
    String someone = "0x" + "22".repeat(20);
    says(at("deal handover 0xabc", "--to", someone), 2, "not a deal id: '0xabc'");
    says(at("deal handover " + NO_DEAL, "--to", "nobody"), 2, "nobody");
    says(at("deal handover " + NO_DEAL, "--to", someone), 2, NO_DEAL, "granary deal list");
    says(at("miner handover 0xabc"), 2, "not a deal id: '0xabc'");
    says(at("miner handover --waive " + NO_DEAL), 2, NO_DEAL);
    says(granary("miner", "handover", "--home", home.toString()), 0, "no active deals");
    says(at("deal"), 2, "cancel");
    at("devnet down");
    says(at("deal watch " + NO_DEAL), 1, "CHAIN_UNAVAILABLE");
    says(at("deal show " + NO_DEAL), 1, "CHAIN_UNAVAILABLE");
  }

  @Test
  void a_proposal_that_a_put_gave_up_is_listed_and_cancelled_once() throws IOException {
    assertEquals(
        0, at("devnet up", "--port", Integer.toString(port), "--block-time", "0.2").code());
    String address = at("wallet new", "--light").json().path("address").asText();
    assertEquals(0, at("devnet fund " + address, "--tokens", "100").code());
    DealId id = giveUp(Address.parse(address));
    JsonNode listed = at("deal list").json().path("deals").path(0);
    assertEquals(id.toString(), listed.path("dealId").asText());
    assertEquals("ABANDONED", listed.path("state").asText());
    assertEquals("gone.bin", listed.path("file").asText());
    says(granary("deal", "list", "--home", home.toString()), 0, "gone.bin", "granary deal cancel");
    JsonNode cancelled = at("deal cancel " + id).json();
    assertTrue(cancelled.path("ok").asBoolean(), cancelled.toString());
    assertEquals("CANCELLED", at("deal show " + id).json().path("state").asText());
    assertEquals("CANCELLED", at("deal list").json().at("/deals/0/state").asText());
    Answer twice = at("deal cancel " + id);
    says(twice, 2, "cancelled already");
    assertEquals("NOT_CANCELLABLE", twice.json().path("error").asText());
    // It has ended: there is nothing to watch, and one line says so.
    Answer watched = at("deal watch " + id);
    assertEquals(1, watched.text().lines().count(), watched.text());
    assertEquals("CANCELLED", watched.json().path("state").asText());
  }

  /** What a put leaves behind when a miner takes the signed proposal and fails. */
  private DealId giveUp(Address client) throws IOException {
    Deployment market = Deployment.load(home.resolve("deployment.json"));
    DealProposal proposal =
        new DealProposal(
            client,
            Address.parse("0x" + "22".repeat(20)),
            client,
            Hash32.of(new byte[32]),
            new RawSize(127),
            1,
            10,
            TokenAmount.of(1_000_000),
            TokenAmount.of(1_000_000),
            new BlockNumber(1_000_000),
            new BlockNumber(1_000_100),
            Hash32.ZERO,
            Hash32.ZERO);
    DealId id = Eip712.dealId(new SigningDomain(market.chainId(), market.market()), proposal);
    StoredFile.StoredDeal deal =
        StoredFile.StoredDeal.of(
            id, 0, new SignedProposal(proposal, EthKey.generate().sign(id.hash())));
    new Catalogue(home)
        .save(
            new StoredFile(
                    "gone.bin", "none", 127, null, 1, 1, List.of("none"), false, List.of(deal))
                .abandoned(id, true));
    return id;
  }

  @Test
  void an_owner_changes_pauses_and_leaves() throws IOException {
    assertEquals(
        0, at("devnet up", "--port", Integer.toString(port), "--block-time", "0.2").code());
    String owner = at("wallet new", "--light").json().path("address").asText();
    // A refusal leaves nothing in the way of the next try.
    Answer poor = at("miner init", "--endpoint", "127.0.0.1:7420");
    assertEquals(2, poor.code(), poor.text());
    assertEquals(0, at("devnet fund " + owner, "--tokens", "500").code());
    Answer wrong = at("miner init", "--endpoint", "nowhere");
    assertEquals(2, wrong.code(), wrong.text());
    Answer made = at("miner init", "--endpoint", "127.0.0.1:7421");
    assertEquals(0, made.code(), made.text());
    says(at("miner init", "--endpoint", "127.0.0.1:7421"), 2, "is a miner already");

    JsonNode updated = at("miner update", "--price", "7", "--endpoint", "127.0.0.1:7422").json();
    assertEquals("127.0.0.1:7422", updated.path("endpoint").asText());
    assertEquals(7, updated.path("pricePerLeafPeriod").asLong());
    JsonNode settings =
        new ObjectMapper().readTree(home.resolve("miner").resolve("miner.json").toFile());
    assertEquals(7, settings.path("pricePerLeafPeriod").asLong());
    assertEquals("127.0.0.1:7421", settings.path("listen").asText());
    says(at("miner update", "--endpoint", "x"), 2, "x");

    assertEquals(false, at("miner pause").json().path("accepting").asBoolean(true));
    assertEquals(true, at("miner resume").json().path("accepting").asBoolean());
    the_operators_budget_is_set_shown_and_lifted();
    String before = made.json().path("operator").asText();
    String after = at("miner rotate-operator").json().path("operator").asText();
    assertEquals(42, after.length());
    assertTrue(!before.equals(after));
    assertTrue(Files.exists(home.resolve("miner").resolve("operator-old.json")));
    the_tls_key_is_made_once_and_registered_once();

    maintenance_is_announced_and_shown();

    Answer early = at("miner exit", "--withdraw");
    assertEquals("MinerNotExiting", early.json().path("error").asText(), early.text());
    assertEquals(0, at("miner exit").json().path("liveDeals").asLong(-1));
    assertEquals("500", at("miner exit", "--withdraw").json().path("wallet").asText());
  }

  private void the_operators_budget_is_set_shown_and_lifted() throws IOException {
    assertTrue(at("miner budget").json().path("unlimited").asBoolean());
    JsonNode set = at("miner budget", "2.5", "--blocks", "7200").json();
    assertEquals("2.5", set.path("budget").asText());
    assertEquals(7200, set.path("blocks").asLong());
    JsonNode shown = at("miner budget").json();
    assertEquals("2.5", shown.path("budget").asText());
    assertEquals("0", shown.path("spent").asText());
    assertEquals(0, shown.path("until").asLong(-1));
    says(at("miner budget", "2.5"), 2, "--blocks N");
    says(at("miner budget", "--unlimited", "--blocks", "5"), 2, "--blocks N");
    says(at("miner budget", "2.5", "--blocks", "0"), 2, "not 0");
    assertTrue(at("miner budget", "--unlimited").json().path("unlimited").asBoolean());
  }

  private void the_tls_key_is_made_once_and_registered_once() throws IOException {
    JsonNode first = at("miner rotate-tls").json();
    assertTrue(first.path("transaction").asText().startsWith("0x"), first.toString());
    JsonNode again = at("miner rotate-tls").json();
    assertEquals(first.path("tlsKeyHash"), again.path("tlsKeyHash"));
    assertFalse(again.has("transaction"), again.toString());
    // It stays registered although the node has not taken it yet.
    assertEquals(0, at("miner update", "--price", "8").code());
    String hash = first.path("tlsKeyHash").asText();
    assertFalse(at("miner rotate-tls", "--register", hash).json().has("transaction"));
    says(at("miner rotate-tls", "--register", "12"), 2, "'12'");
    says(at("miner rotate-tls", "--register", hash, "--prepare"), 2, "one of them");
  }

  private void maintenance_is_announced_and_shown() throws IOException {
    JsonNode nothing = at("miner maintenance").json();
    assertEquals(0, nothing.path("announced").size());
    long most = nothing.path("left").asLong();
    // Far enough ahead that blocks do not overtake it.
    long first = nothing.path("quarterEnd").asLong() + 32;
    JsonNode told = at("miner maintenance", Long.toString(first), "1").json();
    assertTrue(told.path("transaction").asText().startsWith("0x"), told.toString());
    assertEquals(first, told.path("announced").path(0).asLong());
    assertEquals(most, at("market show").json().path("maintenancePeriods").asLong());
    assertEquals(4, at("market show").json().path("maxFaultyPeriods").asLong());
    assertEquals(10_000, at("market show").json().path("faultFeeBps").asLong());
    Answer again = at("miner maintenance", Long.toString(first), "1");
    assertEquals("AlreadyExcused", again.json().path("error").asText(), again.text());
    Answer late = at("miner maintenance", "--in", "0", "1");
    assertEquals("MaintenanceTooSoon", late.json().path("error").asText(), late.text());
    Answer greedy = at("miner maintenance", "--in", "90", Long.toString(2 * most + 1));
    assertEquals("MaintenanceExhausted", greedy.json().path("error").asText(), greedy.text());
    says(at("miner maintenance", "--in", "3"), 2, "--in N COUNT");
    says(at("miner maintenance", "5"), 2, "FIRST_PERIOD COUNT");
    says(at("miner maintenance", "soon", "1"), 2, "'soon'", "whole numbers");
    says(at("miner maintenance", "5", "0"), 2, "from 1");
    says(
        granary("miner", "maintenance", "--home", home.toString()),
        0,
        "announced: " + first,
        "left: ");
  }

  @Test
  void quotes_and_lists_say_what_they_need_and_have() throws IOException {
    assertEquals(
        0, at("devnet up", "--port", Integer.toString(port), "--block-time", "0.2").code());
    assertEquals(0, at("wallet new", "--light").code());
    says(at("quote none.tar"), 2, "no file 'none.tar'", "number of bytes");
    says(at("quote 99999999999999999999"), 2, "99999999999999999999");
    says(at("quote --public 0"), 2, "empty file");
    says(granary("quote", "1000", "--home", home.toString()), 0, "PROVED", "MISSED", "TERMINATED");
    assertEquals(0, at("quote 1000").json().path("miners").size());
    assertEquals(0, at("ls").json().path("files").size());
    for (String command :
        List.of(
            "quote", "ls", "put", "get", "deal list", "deal show", "deal watch", "deal cancel")) {
      List<String> all = new ArrayList<>(List.of(command.split(" ")));
      all.add("--help");
      says(granary(all.toArray(String[]::new)), 0, "Example: granary " + command);
    }
    Files.writeString(home.resolve("files.json"), "[{");
    says(at("ls"), 2, "files.json", "backup");
  }
}
