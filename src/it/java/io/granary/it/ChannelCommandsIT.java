package io.granary.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A payment channel as a client and a miner see it on the command line, on a real local chain. */
class ChannelCommandsIT extends CommandLineHarness {
  private Path minerHome = Path.of("");
  private String client = "";
  private String miner = "";

  @BeforeEach
  void startMarket() throws IOException {
    Answer up = at("devnet up", "--port", Integer.toString(port), "--block-time", "0.2");
    assertEquals(0, up.code(), up.text());
    client = at("wallet new", "--light").json().path("address").asText();
    minerHome = Files.createDirectories(home.resolve("miner-owner"));
    Files.writeString(minerHome.resolve("password"), "secret");
    Files.copy(home.resolve("deployment.json"), minerHome.resolve("deployment.json"));
    miner = at(minerHome, "wallet new", "--light").json().path("address").asText();
    for (String account : new String[] {client, miner}) {
      assertEquals(0, at("devnet fund " + account, "--tokens", "200").code());
    }
  }

  private void register() {
    Answer made = at(minerHome, "miner init", "--endpoint", "127.0.0.1:7431");
    assertEquals(0, made.code(), made.text());
  }

  @Test
  void a_client_pays_a_miner_and_closes_with_its_consent() throws IOException {
    JsonNode nothing = at("channel show").json();
    assertEquals(0, nothing.path("channels").size());
    assertEquals("0", nothing.path("balance").asText());
    says(at("channel open " + miner + " 5"), 2, miner, "granary quote");
    register();
    says(at("channel topup " + miner + " 5"), 2, "granary channel open");
    says(at("channel voucher " + miner + " 1"), 2, "granary channel topup");
    assertEquals("5", at("channel open " + miner + " 5").json().path("left").asText());
    says(at("channel open " + miner + " 5"), 2, "is open with 5", "granary channel topup");
    assertEquals("6", at("channel topup " + miner + " 1").json().path("left").asText());

    String first = at("channel voucher " + miner + " 2").json().path("voucher").asText();
    String second = at("channel voucher " + miner + " 3.5").json().path("voucher").asText();
    says(at("channel voucher " + miner + " 7"), 2, "reaches for 6", "granary channel topup");
    JsonNode paid = at(minerHome, "miner redeem " + first).json();
    assertEquals("2", paid.at("/vouchers/0/paid").asText(), paid.toString());
    says(at(minerHome, "miner redeem " + first), 2, "NothingNew");
    says(at(minerHome, "miner redeem 1:2"), 2, "not a voucher: '1:2'", "granary channel voucher");
    says(at("channel voucher " + miner + " 2"), 2, "has redeemed 2");
    Path kept = Files.writeString(home.resolve("vouchers.txt"), first + "\n" + second + "\n");
    JsonNode batch = at(minerHome, "miner redeem @" + kept).json();
    assertEquals("NothingNew", batch.at("/vouchers/0/skipped").asText(), batch.toString());
    assertEquals("1.5", batch.at("/vouchers/1/paid").asText(), batch.toString());
    assertEquals("3.5", batch.path("balance").asText());
    JsonNode seen = at(minerHome, "miner channels").json();
    assertEquals(client, seen.at("/channels/0/client").asText());
    assertEquals("2.5", seen.at("/channels/0/left").asText());

    says(at(minerHome, "miner consent " + miner), 2, "nothing is to be closed");
    String consent = at(minerHome, "miner consent " + client).json().path("consent").asText();
    says(at("channel close " + miner, "--now", "0:1"), 2, "not a consent: '0:1'");
    JsonNode closed = at("channel close " + miner, "--now", consent).json();
    assertEquals("2.5", closed.path("withdrawn").asText(), closed.toString());
    assertEquals(
        "WrongNonce", at("channel close " + miner, "--now", consent).json().path("error").asText());
    assertEquals("3.5", at(minerHome, "channel withdraw").json().path("withdrawn").asText());
    JsonNode after = at("channel show " + miner).json();
    assertEquals("0", after.at("/channels/0/left").asText());
    assertEquals("3.5", after.at("/channels/0/redeemed").asText());
    says(granary("channel", "show", "--home", home.toString()), 0, "to " + miner, "3.5 paid");
  }

  @Test
  void closing_takes_two_calls_and_the_challenge_period() throws Exception {
    register();
    assertEquals(0, at("channel open " + miner + " 5").code());
    long closableAt = at("channel close " + miner).json().path("closableAt").asLong();
    assertTrue(closableAt > 0);
    Answer early = at("channel close " + miner);
    assertEquals(1, early.code(), early.text());
    assertEquals("CloseNotDue", early.json().path("error").asText());
    says(granary("miner", "channels", "--home", minerHome.toString()), 0, "CLOSING");
    // Topping up takes the request back, so that another is needed.
    assertTrue(at("channel topup " + miner + " 1").json().path("closableAt").isMissingNode());
    assertEquals(0, at("channel close " + miner).code());
    Answer answer = at("channel close " + miner);
    while (answer.code() == 1) {
      Thread.sleep(200);
      answer = at("channel close " + miner);
    }
    assertEquals("6", answer.json().path("withdrawn").asText(), answer.text());
    Answer empty = at("channel close " + miner);
    assertEquals("ChannelEmpty", empty.json().path("error").asText(), empty.text());
    assertEquals("ZeroAmount", at("channel withdraw").json().path("error").asText());
  }

  @Test
  void the_contract_comes_from_the_deployment_or_the_option() throws IOException {
    JsonNode market = at("market show").json();
    String channels = market.path("channels").asText();
    assertEquals(24, market.path("channelChallengeBlocks").asLong());
    Path file = home.resolve("deployment.json");
    Files.writeString(file, Files.readString(file).replace("\"channels\"", "\"other\""));
    says(at("channel show"), 2, "names no payment channels", "--channels");
    assertTrue(at("market show").json().path("channels").isMissingNode());
    assertEquals(0, at("channel show", "--channels", channels).code());
    says(at("channel show", "--channels", miner), 2, "no contract is at " + miner);
    says(at("channel show", "--channels", market.path("token").asText()), 2, "--channels");
  }
}
