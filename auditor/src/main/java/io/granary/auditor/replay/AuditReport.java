package io.granary.auditor.replay;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a replay found; plain numbers and texts, ready to be printed or made JSON. Token amounts are
 * in smallest units.
 *
 * @param ok true when everything was right
 * @param fromBlock first block replayed
 * @param toBlock last block replayed
 * @param finding the first thing that is not right; null when ok
 * @param totals sums over all deals
 * @param deals one row a deal, in the order of publication
 * @param unseen proofs whose calldata could not be seen because they reached the market through
 *     another contract
 */
public record AuditReport(
    boolean ok,
    long fromBlock,
    long toBlock,
    @Nullable Finding finding,
    Totals totals,
    List<DealRow> deals,
    long unseen) {
  /** The finding, if any. */
  public Optional<Finding> firstFinding() {
    return Optional.ofNullable(finding);
  }

  /** Sums. */
  public record Totals(
      long events,
      long deals,
      long sealOpenings,
      long proofs,
      long openings,
      long periodsProved,
      long periodsMissed,
      String paid,
      String refunded,
      String slashed,
      String burned) {}

  /** One deal. */
  public record DealRow(
      String dealId,
      String miner,
      String client,
      String state,
      long bytes,
      long proved,
      long missed,
      String paid,
      String slashed) {}
}
