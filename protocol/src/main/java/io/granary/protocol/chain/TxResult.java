package io.granary.protocol.chain;

import io.granary.protocol.values.BlockRef;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;

/** How a transaction ended. */
public sealed interface TxResult {
  /**
   * Mined, successful, and as many blocks deep as the sender waits for.
   *
   * @param hash of the transaction that was mined
   * @param block in which it was mined
   * @param gasUsed gas
   * @param fee ether paid, wei
   */
  record Confirmed(TxHash hash, BlockRef block, long gasUsed, BigInteger fee) implements TxResult {}

  /**
   * The contract said no, before sending (simulated) or after.
   *
   * @param error the custom error's name, for example {@code WindowNotOpen}
   * @param message one sentence with the error's arguments and the remedy
   */
  record Refused(String error, String message) implements TxResult {
    /**
     * Not the contract's word: while the transaction waited, a reorg changed what it was made from.
     * The next for the same thing takes its nonce.
     */
    public static final String OUTDATED = "Outdated";

    /** True for {@link #OUTDATED}. */
    public boolean isOutdated() {
      return error.equals(OUTDATED);
    }
  }

  /**
   * The result, or an exception where a refusal means a bug.
   *
   * @throws TxRefusedException for {@link Refused}
   */
  default Confirmed orThrow() {
    return switch (this) {
      case Confirmed c -> c;
      case Refused r -> throw new TxRefusedException(r);
    };
  }
}
