package io.granary.protocol.channel;

import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;

/**
 * A miner's consent to close a channel at once (Protocol §7.5).
 *
 * @param client whose channel it is
 * @param miner who consents, and gives up what it has not redeemed
 * @param nonce the miner's next for this client, from 0; every close uses one up
 * @param executeBy last block in which it may be sent
 */
public record CloseConsent(Address client, Address miner, long nonce, BlockNumber executeBy) {
  /**
   * Checks the nonce.
   *
   * @throws IllegalArgumentException when it is negative
   */
  public CloseConsent {
    if (nonce < 0) {
      throw new IllegalArgumentException("a nonce is not negative: " + nonce);
    }
  }
}
