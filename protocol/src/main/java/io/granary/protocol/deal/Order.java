package io.granary.protocol.deal;

import io.granary.proofs.Hash32;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;

/** What an account signs for others to send (Protocol §3.10). */
public sealed interface Order {
  /** The last block in which it may be taken. */
  BlockNumber executeBy();

  /**
   * An announcement of a withdrawal.
   *
   * @param account whose
   * @param amount token units; zero takes an announcement back
   * @param nonce the account's next, from 0
   * @param executeBy last block in which it may be taken
   */
  record WithdrawalRequest(Address account, TokenAmount amount, long nonce, BlockNumber executeBy)
      implements Order {
    /**
     * Checks the nonce.
     *
     * @throws IllegalArgumentException if the nonce is negative
     */
    public WithdrawalRequest {
      requireNonce(nonce);
    }
  }

  /**
   * A wish to be paid what was announced.
   *
   * @param account whose
   * @param to where the tokens go
   * @param least token units; what would pay less is refused
   * @param nonce the account's next, from 0
   * @param executeBy last block in which it may be taken
   */
  record WithdrawalPayout(
      Address account, Address to, TokenAmount least, long nonce, BlockNumber executeBy)
      implements Order {
    /**
     * Checks the nonce.
     *
     * @throws IllegalArgumentException if the nonce is negative
     */
    public WithdrawalPayout {
      requireNonce(nonce);
    }
  }

  /**
   * A client's wish to take back a proposal that was never published.
   *
   * @param dealId the proposal's
   * @param executeBy last block in which it may be taken
   */
  record Cancellation(DealId dealId, BlockNumber executeBy) implements Order {}

  /**
   * A client's wish to take a mandate back.
   *
   * @param mandate digest of the mandate
   * @param executeBy last block in which it may be taken
   */
  record Revocation(Hash32 mandate, BlockNumber executeBy) implements Order {}

  private static void requireNonce(long nonce) {
    if (nonce < 0) {
      throw new IllegalArgumentException("a nonce is not negative: " + nonce);
    }
  }
}
