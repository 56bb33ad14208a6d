package io.granary.protocol.crypto;

import io.granary.proofs.Hash32;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;

/** Seeds and clock shifts, exactly as the contract derives them (Protocol §4, §5). */
public final class Seeds {
  private static final byte[] RECOVERY = "recovery".getBytes(StandardCharsets.US_ASCII);

  private Seeds() {}

  /** Seed of a miner's period; {@code value} is the seed source's value of its challenge block. */
  public static Hash32 period(Hash32 value, Address market, Address miner, Period period) {
    return new Words().add(value).add(market).add(miner).add(period.index()).keccak();
  }

  /**
   * Seed of a deal's seal challenge; {@code value} is the seed source's value of its seal block.
   */
  public static Hash32 seal(Hash32 value, Address market, DealId dealId) {
    return new Words().add(value).add(market).add(dealId.hash()).keccak();
  }

  /**
   * Seed of a faulty deal's recovery (Protocol §5.8); {@code value} is the seed source's value of
   * the challenge block of {@code period}.
   */
  public static Hash32 recovery(Hash32 value, Address market, DealId dealId, Period period) {
    return new Words()
        .add(value)
        .add(market)
        .add(dealId.hash())
        .add(period.index())
        .addLeft(RECOVERY)
        .keccak();
  }

  /** Blocks by which a miner's periods begin before multiples of the period. */
  public static long clockShift(Address miner, long periodBlocks) {
    return new BigInteger(1, new Words().add(miner).keccak().bytes())
        .mod(BigInteger.valueOf(periodBlocks))
        .longValueExact();
  }
}
