package io.granary.protocol.chain;

import io.granary.protocol.values.BlockNumber;
import java.math.BigInteger;
import java.util.Optional;

/**
 * How much a transaction hurries, and what it may cost.
 *
 * @param first whether it goes before the sender's other transactions: those in front of it are
 *     sped up as far as its own limit allows
 * @param lastBlock the last block in which it is of use; the fee rises as it comes near
 * @param mostWei most that it may cost in all, wei; without, fees follow the network's
 */
public record Urgency(
    boolean first, Optional<BlockNumber> lastBlock, Optional<BigInteger> mostWei) {
  private static final Urgency NONE = new Urgency(false, Optional.empty(), Optional.empty());

  /**
   * Checks the limit.
   *
   * @throws IllegalArgumentException when it is not positive
   */
  public Urgency {
    if (mostWei.isPresent() && mostWei.get().signum() <= 0) {
      throw new IllegalArgumentException(
          "a transaction may cost more than 0 wei, not " + mostWei.get());
    }
  }

  /** Any time, at the network's fees. */
  public static Urgency none() {
    return NONE;
  }

  /** Before all others, up to a block. */
  public static Urgency by(BlockNumber lastBlock, BigInteger mostWei) {
    return new Urgency(true, Optional.of(lastBlock), Optional.of(mostWei));
  }
}
