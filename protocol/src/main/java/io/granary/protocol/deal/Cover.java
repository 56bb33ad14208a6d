package io.granary.protocol.deal;

import io.granary.protocol.values.TokenAmount;

/**
 * What the escrow of a deal leaves for one that replaces it (Protocol §3.9).
 *
 * @param reason why it cannot be replaced now; empty when it can
 * @param amount what is left for sure; publication locks only the rest of the new price
 */
public record Cover(String reason, TokenAmount amount) {
  /** What publication will lock of a price. */
  public TokenAmount due(TokenAmount price) {
    return amount.isLessThan(price) ? price.minus(amount) : TokenAmount.ZERO;
  }
}
