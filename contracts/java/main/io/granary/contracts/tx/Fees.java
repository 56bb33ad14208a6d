package io.granary.contracts.tx;

import io.granary.protocol.chain.Urgency;
import java.math.BigInteger;
import java.util.Optional;

/**
 * What a transaction offers (EIP-1559), and what it should offer next.
 *
 * @param tip priority fee, wei for a unit of gas
 * @param max most in all, wei for a unit of gas
 */
record Fees(BigInteger tip, BigInteger max) {
  /**
   * Nodes take a replacement from +10 % on, of both fees; an eighth more, rounded up, is safely
   * above.
   */
  private static final BigInteger STEP = BigInteger.valueOf(8);

  /** At its last block a transaction offers so many times what the network asks. */
  private static final long MOST_TIMES = 10;

  private static final BigInteger PATIENCE = BigInteger.valueOf(4);

  private static final BigInteger THOUSAND = BigInteger.valueOf(1_000);

  Fees {
    tip = tip.min(max);
  }

  /** The least that replaces this. */
  Fees least() {
    return new Fees(step(tip), step(max));
  }

  private static BigInteger step(BigInteger fee) {
    return fee.add(fee.divide(STEP)).add(BigInteger.ONE);
  }

  /** For the first transaction of an intent: what the network asks, as far as the limit allows. */
  static Fees first(Fees network, Urgency urgency, BigInteger gas) {
    BigInteger most = most(urgency, gas).orElse(network.max());
    return new Fees(network.tip(), network.max().min(most));
  }

  /** Base fee of the newest block, of what the network asks: there is room for it to double. */
  BigInteger base() {
    return max.subtract(tip).divide(BigInteger.TWO);
  }

  /**
   * For its replacement: at least what nodes demand, at least what the network asks now, and as
   * many times that as the time left says: once at the begin, ten times at the last block, in
   * between by the square of what has gone by. Empty when the limit leaves no room.
   *
   * @param network what the network asks now
   * @param begun block in which the first was sent
   * @param head newest block
   */
  Optional<Fees> next(Fees network, Urgency urgency, BigInteger gas, long begun, long head) {
    BigInteger times = BigInteger.valueOf(thousandths(urgency, begun, head));
    Fees least = least();
    BigInteger tip = least.tip().max(network.tip().multiply(times).divide(THOUSAND));
    BigInteger max = least.max().max(network.max().multiply(times).divide(THOUSAND));
    // Without a limit of its own it waits when it offers several times what is asked: the chain may
    // stand, and each step would compound.
    BigInteger patience = network.max().multiply(PATIENCE);
    Optional<BigInteger> most =
        urgency.mostWei().isEmpty() ? Optional.of(patience) : most(urgency, gas);
    if (most.isPresent() && least.max().compareTo(most.get()) > 0) {
      return Optional.empty();
    }
    return Optional.of(new Fees(tip, most.map(max::min).orElse(max)));
  }

  private static long thousandths(Urgency urgency, long begun, long head) {
    if (urgency.lastBlock().isEmpty()) {
      return 1_000;
    }
    long whole = Math.max(1, urgency.lastBlock().get().value() - begun);
    long gone = Math.clamp(head - begun, 0, whole);
    double share = (double) gone / whole;
    return Math.round(1_000 * (1 + (MOST_TIMES - 1) * share * share));
  }

  private static Optional<BigInteger> most(Urgency urgency, BigInteger gas) {
    return urgency.mostWei().map(wei -> wei.divide(gas).max(BigInteger.ONE));
  }

  boolean isLessThan(Fees other) {
    return max.compareTo(other.max) < 0 || tip.compareTo(other.tip) < 0;
  }
}
