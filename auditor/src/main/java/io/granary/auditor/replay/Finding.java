package io.granary.auditor.replay;

import io.granary.protocol.chain.MarketEvent;

/**
 * The first thing in a chain that is not right.
 *
 * @param block block number, or the head for a final state
 * @param transaction its transaction in hex, or empty
 * @param what what was checked
 * @param expected what it should be
 * @param actual what the chain says
 */
public record Finding(long block, String transaction, String what, String expected, String actual) {
  static FoundException at(MarketEvent event, String what, Object expected, Object actual) {
    return new FoundException(
        new Finding(
            event.at().block().value(),
            event.at().tx().toString(),
            what,
            String.valueOf(expected),
            String.valueOf(actual)));
  }

  /** Ends a replay at the first finding. */
  static final class FoundException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Finding finding;

    FoundException(Finding finding) {
      super(finding.toString());
      this.finding = finding;
    }

    Finding finding() {
      return finding;
    }
  }
}
