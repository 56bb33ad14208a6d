package io.granary.app.demo;

import java.util.List;
import java.util.Map;

/**
 * What a demonstration did; plain values, ready for JSON.
 *
 * @param ok true when all of it went as it should
 * @param bytes bytes stored
 * @param deals deals made
 * @param periodsProved settled periods that were proved, over all deals
 * @param periodsMissed settled periods that were missed
 * @param tokensPaid to miners
 * @param tokensSlashed from collateral
 * @param tokensRefunded to the client
 * @param tokensBurned in all
 * @param auditProofs per-deal proofs that the auditor checked and kept
 * @param terminated deals that were terminated
 * @param gas by operation: how many transactions, and the median gas
 * @param seconds by phase
 * @param problems what did not go as it should
 */
public record DemoReport(
    boolean ok,
    long bytes,
    long deals,
    long periodsProved,
    long periodsMissed,
    String tokensPaid,
    String tokensSlashed,
    String tokensRefunded,
    String tokensBurned,
    long auditProofs,
    long terminated,
    Map<String, Gas> gas,
    Map<String, Double> seconds,
    List<String> problems) {
  /** Gas of one operation. */
  public record Gas(int transactions, long median) {}
}
