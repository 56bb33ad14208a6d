package io.granary.app.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.granary.protocol.values.TokenAmount;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** {@code status.json} as one screen. */
final class MinerScreen {
  /**
   * A node that writes at each block has stopped, or its chain has, when it is silent for longer.
   */
  private static final Duration FRESH = Duration.ofMinutes(2);

  private static final int SHOWN = 5;

  private MinerScreen() {}

  static void print(PrintWriter out, JsonNode s, Instant now) {
    Duration age = Duration.between(Instant.parse(s.path("at").asText()), now);
    line(out, "miner", s.path("miner").asText() + " at " + s.path("endpoint").asText());
    line(out, "block", s.path("head").asLong() + ", " + ago(age));
    if (age.compareTo(FRESH) > 0) {
      line(out, "", "✗ nothing since: the node is not running, or its endpoint makes no blocks");
    }
    endpoints(out, s.path("endpoints"));
    line(out, "period", period(s));
    if (s.path("rehearsal").isObject()) {
      rehearsal(out, s.path("rehearsal"), false);
    }
    line(
        out,
        "deals",
        s.path("dealsByStage").isEmpty()
            ? "none"
            : String.join(
                ", ",
                s.path("dealsByStage").properties().stream()
                    .map(e -> e.getValue().asInt() + " " + e.getKey())
                    .toList()));
    line(
        out,
        "disk",
        Out.bytes(s.path("usedBytes").asLong())
            + " used and "
            + Out.bytes(s.path("reservedBytes").asLong())
            + " reserved of "
            + Out.bytes(s.path("capacityBytes").asLong()));
    line(
        out,
        "money",
        s.path("unlocked").asText()
            + " tokens unlocked; the operator "
            + s.path("operator").asText()
            + " has "
            // Ether has as many decimals as tokens.
            + new TokenAmount(new java.math.BigInteger(s.path("gasWei").asText())).toTokens()
            + " ether for gas");
    line(out, "outbox", s.path("proofsInOutbox").asLong() + " proofs wait for their auditors");
    transactions(out, s.path("transactions"));
    alerts(out, s.path("troubles"));
  }

  private static void endpoints(PrintWriter out, JsonNode endpoints) {
    List<JsonNode> notUp = new ArrayList<>();
    endpoints.forEach(
        e -> {
          if (!e.path("state").asText().equals("up")) {
            notUp.add(e);
          }
        });
    line(out, "endpoints", endpoints.size() - notUp.size() + " of " + endpoints.size() + " up");
    for (JsonNode e : notUp) {
      out.println(
          "  ✗ "
              + e.path("name").asText()
              + " "
              + e.path("state").asText().replace('_', ' ')
              + ": "
              + e.path("reason").asText());
    }
  }

  private static String period(JsonNode s) {
    String name = s.path("period").asLong() + ", ";
    if (s.path("proved").asBoolean()) {
      return name + "✓ proved";
    }
    if (s.path("excused").asBoolean()) {
      return name + "excused by announced maintenance";
    }
    long challenge = s.path("challengeBlock").asLong();
    long left = s.path("blocksLeft").asLong();
    return s.path("head").asLong() < challenge
        ? name + "its challenge block is " + challenge + ", " + left + " blocks until it ends"
        : name + "not proved yet, " + left + " blocks left";
  }

  private static void transactions(PrintWriter out, JsonNode pending) {
    if (pending.isEmpty()) {
      line(out, "pending", "no transaction");
      return;
    }
    line(out, "pending", pending.size() + (pending.size() == 1 ? " transaction" : " transactions"));
    for (JsonNode t : pending) {
      out.println(
          "  nonce "
              + t.path("nonce").asLong()
              + " "
              + t.path("operation").asText()
              + " since "
              + t.path("since").asText()
              + ", sent "
              + t.path("sent").asInt()
              + (t.path("sent").asInt() == 1 ? " time" : " times")
              + (t.path("lastBlock").isNumber()
                  ? ", of use until block " + t.path("lastBlock").asLong()
                  : "")
              + ": "
              + t.path("hash").asText());
    }
  }

  /** What the last look before a challenge block found; all of it, or what is not well. */
  static void rehearsal(PrintWriter out, JsonNode r, boolean whole) {
    boolean passed = r.path("passed").asBoolean();
    line(
        out,
        "rehearsal",
        "period "
            + r.path("period").asLong()
            + (passed ? ": ✓ it can be proved" : ": ✗ it could not be proved"));
    for (JsonNode c : r.path("checks")) {
      if (!whole && c.path("passed").asBoolean()) {
        continue;
      }
      out.println(
          "  "
              + (c.path("passed").asBoolean() ? "✓ " : "✗ ")
              + c.path("name").asText()
              + ": "
              + c.path("found").asText());
    }
  }

  private static void alerts(PrintWriter out, JsonNode troubles) {
    if (troubles.isEmpty()) {
      line(out, "alerts", "none since it was started");
      return;
    }
    line(out, "alerts", troubles.size() > SHOWN ? "the newest " + SHOWN : "");
    List<JsonNode> newest = new ArrayList<>();
    troubles.forEach(newest::add);
    for (JsonNode t : newest.subList(0, Math.min(SHOWN, newest.size()))) {
      out.println(
          "  "
              + (t.path("severe").asBoolean() ? "✗ " : "! ")
              + t.path("at").asText()
              + " "
              + t.path("event").asText()
              + ": "
              + t.path("message").asText());
      out.println("      → " + t.path("remedy").asText());
    }
  }

  private static String ago(Duration age) {
    long seconds = Math.max(0, age.toSeconds());
    return seconds < 120 ? seconds + " s ago" : age.toMinutes() + " min ago";
  }

  private static void line(PrintWriter out, String name, String value) {
    out.println(String.format("%-9s %s", name, value).stripTrailing());
  }
}
