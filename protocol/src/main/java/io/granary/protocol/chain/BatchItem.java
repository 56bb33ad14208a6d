package io.granary.protocol.chain;

import io.granary.protocol.values.DealId;

/**
 * How one deal of a batch fared; a skipped one never sinks the others (Protocol §3.3).
 *
 * @param dealId the deal
 * @param skipped the name of the contract's SkipReason, or empty when the deal went through
 */
public record BatchItem(DealId dealId, String skipped) {
  /** True when the deal went through. */
  public boolean ok() {
    return skipped.isEmpty();
  }
}
