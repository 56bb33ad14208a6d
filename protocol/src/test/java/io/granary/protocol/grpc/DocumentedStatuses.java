package io.granary.protocol.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The tables of Protocol §8.5: how each method may answer. */
public final class DocumentedStatuses {
  /** What a peer cannot provoke: an answer with one of these is a fault of the node. */
  private static final Set<Status.Code> FAULTS =
      Set.of(
          Status.Code.UNKNOWN,
          Status.Code.INTERNAL,
          Status.Code.UNAVAILABLE,
          Status.Code.DEADLINE_EXCEEDED,
          Status.Code.DATA_LOSS);

  private static final Pattern TRACE =
      Pattern.compile("Exception|Error:|\\tat |\\.java:|java\\.|io\\.grpc\\.|com\\.google\\.");

  private record Row(Set<String> statuses, Set<String> refusals) {}

  private final Map<String, Row> rows = new HashMap<>();
  private final Set<String> everywhere;

  private DocumentedStatuses(String text) {
    String section = text.substring(text.indexOf("\n### §8.5 "), text.indexOf("\n### §8.6 "));
    everywhere =
        Pattern.compile("^\\| `([A-Z_]+)` \\|", Pattern.MULTILINE)
            .matcher(section)
            .results()
            .map(m -> m.group(1))
            .collect(Collectors.toCollection(TreeSet::new));
    Pattern.compile("^\\| `(\\w+\\.\\w+)` \\|([^|]*)\\|([^|]*)\\|$", Pattern.MULTILINE)
        .matcher(section)
        .results()
        .forEach(m -> rows.put(m.group(1), new Row(codes(m.group(2)), codes(m.group(3)))));
  }

  /** Reads docs/protocol.md. */
  public static DocumentedStatuses read() throws IOException {
    return new DocumentedStatuses(
        Files.readString(Path.of(System.getProperty("granary.root"), "docs", "protocol.md")));
  }

  private static Set<String> codes(String cell) {
    return Pattern.compile("`([A-Z_]+)`")
        .matcher(cell)
        .results()
        .map(m -> m.group(1))
        .collect(Collectors.toSet());
  }

  /** Every method of a server must have its row. */
  public void checkListed(List<Surface.Method> methods) {
    assertEquals(
        Set.of(),
        methods.stream()
            .map(Surface.Method::shortName)
            .filter(m -> !rows.containsKey(m))
            .collect(Collectors.toSet()),
        "methods without a row in Protocol §8.5");
  }

  /** An answer to whatever a peer sent. */
  public void check(Surface.Method method, Surface.Answer answer)
      throws InvalidProtocolBufferException {
    Row row = rows.get(method.shortName());
    String code = answer.code().name();
    String told =
        method
            + " answered "
            + code
            + " '"
            + answer.description()
            + "' "
            + answer.status().getCause();
    assertFalse(FAULTS.contains(answer.code()), told);
    assertTrue(
        answer.code() == Status.Code.OK
            || everywhere.contains(code)
            || row.statuses().contains(code),
        told + ", which Protocol §8.5 does not list");
    if (answer.code() != Status.Code.OK) {
      assertFalse(answer.description().isBlank(), told);
    }
    assertFalse(TRACE.matcher(answer.description()).find(), told);
    for (String refusal : Surface.refusals(method, answer)) {
      assertTrue(
          row.refusals().contains(refusal),
          method + " refused with " + refusal + ", which Protocol §8.5 does not list");
    }
    // A status whose text begins with a refusal's code: FAILED_PRECONDITION.
    if (answer.code() == Status.Code.FAILED_PRECONDITION) {
      assertTrue(row.refusals().contains(answer.description().replaceFirst(":.*", "")), told);
    }
  }
}
