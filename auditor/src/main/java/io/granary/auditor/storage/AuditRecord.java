package io.granary.auditor.storage;

import io.granary.protocol.values.Period;
import java.time.Instant;

/**
 * What is known of one deal's proof for one period.
 *
 * @param period the period
 * @param verdict how it was found
 * @param reason what was wrong; empty when ok
 * @param receivedAt when it was decided, whole seconds
 */
public record AuditRecord(Period period, Verdict verdict, String reason, Instant receivedAt) {
  /** How a proof was found; the order is stored. */
  public enum Verdict {
    /** It opens what was drawn, in both trees. */
    OK,
    /** It does not. */
    WRONG,
    /** None came. */
    MISSING
  }
}
