package io.granary.miner;

import java.math.BigInteger;

/** What ether is worth in period proofs. */
public final class ProofFunds {
  /**
   * Gas of a dear proof: five paths of 2^30 leaves and a header (contracts/snapshots, docs/gas.md),
   * rounded up.
   */
  private static final BigInteger PROOF_GAS = BigInteger.valueOf(250_000);

  /** The operator should be able to pay so many proofs: a week and more of daily periods. */
  public static final int WANTED = 10;

  private ProofFunds() {}

  /** Wei that one proof needs: a transaction offers twice the base fee, so that it can rise. */
  public static BigInteger proofWei(BigInteger baseFee) {
    return PROOF_GAS.multiply(baseFee).multiply(BigInteger.TWO);
  }

  /** Proofs that so many wei pay for. */
  public static BigInteger proofs(BigInteger wei, BigInteger baseFee) {
    return wei.divide(proofWei(baseFee).max(BigInteger.ONE));
  }
}
