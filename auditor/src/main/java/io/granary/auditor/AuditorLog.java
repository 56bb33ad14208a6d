package io.granary.auditor;

import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What an auditor's operator should see, one method an event. */
final class AuditorLog {
  private static final Logger LOG = LoggerFactory.getLogger("granary.auditor");

  private AuditorLog() {}

  static void started(int port) {
    LOG.atInfo().addKeyValue("port", port).log("auditor started");
  }

  static void proofMissing(DealId deal, Period period, String reason) {
    LOG.atWarn()
        .addKeyValue("deal", deal)
        .addKeyValue("period", period)
        .addKeyValue("reason", reason)
        .log("no proof came");
  }

  static void terminated(DealId deal, String outcome) {
    LOG.atWarn()
        .addKeyValue("deal", deal)
        .addKeyValue("outcome", outcome)
        .log("defaulted deal terminated");
  }

  static void wrongSeal(DealId deal, long leaf, Path file) {
    LOG.atError()
        .addKeyValue("deal", deal)
        .addKeyValue("leaf", leaf)
        .addKeyValue("evidence", file)
        .log("A LEAF IS SEALED WRONG: 'granary audit dispute FILE' forfeits the deal's collateral");
  }

  static void disputed(DealId deal, long leaf, String outcome) {
    LOG.atWarn()
        .addKeyValue("deal", deal)
        .addKeyValue("leaf", leaf)
        .addKeyValue("outcome", outcome)
        .log("wrong seal disputed");
  }

  static void chainUnavailable(String reason) {
    LOG.atWarn().addKeyValue("reason", reason).log("the chain does not answer; trying again");
  }

  static void roundFailed(RuntimeException e) {
    LOG.atError().setCause(e).log("a round failed; trying again");
  }
}
