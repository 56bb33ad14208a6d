package io.granary.app.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.miner.ops.NodeStatus;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@code miner status} says in words what there is to see. */
class MinerScreenTest {
  private static final Instant AT = Instant.parse("2030-01-01T00:00:00Z");

  private static String screen(boolean proved, boolean excused, long head, long secondsLater) {
    NodeStatus s =
        new NodeStatus(
            AT.toString(),
            "0xaa",
            "0xbb",
            "a.example:7420",
            7420,
            head,
            7,
            proved,
            excused,
            100,
            12,
            1 << 20,
            1 << 10,
            0,
            "12.5",
            "1500000000000000000",
            2,
            List.of(
                new NodeStatus.Endpoint("https://a.example", "up", 3, ""),
                new NodeStatus.Endpoint("https://b.example", "standing", 0, "no block after 9")),
            List.of(
                new NodeStatus.Transaction(
                    41, "prove", AT.toString(), 2, "0xfeed", "1000000000", 120L)),
            new NodeStatus.Rehearsal(
                8,
                AT.toString(),
                false,
                List.of(new NodeStatus.Check("gas", false, "1 wei pay 0 proofs"))),
            Map.of("active", 3),
            List.of(
                new NodeStatus.Trouble(
                    AT.toString(), "missed", true, "period 6 ended unproved", "look before it")));
    StringWriter text = new StringWriter();
    MinerScreen.print(
        new PrintWriter(text, true),
        new ObjectMapper().valueToTree(s),
        AT.plusSeconds(secondsLater));
    return text.toString();
  }

  @Test
  void everything_an_operator_wants_is_on_it() {
    String screen = screen(false, false, 105, 3);
    for (String part :
        List.of(
            "0xaa at a.example:7420",
            "105, 3 s ago",
            "not proved yet, 12 blocks left",
            "3 active",
            "1.0 KiB used",
            "of 1.0 MiB",
            "12.5 tokens unlocked",
            "1.5 ether",
            "2 proofs wait",
            "1 of 2 up",
            "✗ https://b.example standing: no block after 9",
            "nonce 41 prove since 2030-01-01T00:00:00Z, sent 2 times, of use until block 120: 0xfeed",
            "rehearsal period 8: ✗ it could not be proved",
            "✗ gas: 1 wei pay 0 proofs",
            "missed: period 6 ended unproved",
            "→ look before it")) {
      assertTrue(screen.contains(part), part + " in\n" + screen);
    }
  }

  @Test
  void the_period_is_told_as_it_is() {
    assertTrue(screen(true, false, 105, 0).contains("7, ✓ proved"));
    assertTrue(screen(false, true, 105, 0).contains("excused"));
    assertTrue(screen(false, false, 50, 0).contains("its challenge block is 100"));
  }

  @Test
  void a_node_that_does_not_run_is_noticed() {
    assertTrue(screen(true, false, 105, 600).contains("the node is not running"));
    assertTrue(!screen(true, false, 105, 60).contains("the node is not running"));
  }
}
