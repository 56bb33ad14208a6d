package io.granary.protocol.chain;

import io.granary.proofs.Hash32;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;

/** What owners and auditors send to the registry; conventions as {@link MinerMarket}. */
public interface RegistryWriter {
  /** Registers the caller as a miner; approves the stake first. */
  TxResult register(
      Address operator,
      TokenAmount stake,
      String endpoint,
      Hash32 tlsKeyHash,
      TokenAmount pricePerLeafPeriod);

  /** Changes endpoint, TLS key and posted ask. */
  TxResult update(
      Address miner, String endpoint, Hash32 tlsKeyHash, TokenAmount pricePerLeafPeriod);

  /** Registers the caller as an auditor service. */
  TxResult registerAuditor(String endpoint, Hash32 tlsKeyHash);

  /** Pauses or resumes new deals. */
  TxResult setAccepting(boolean accepting);

  /** At what deals are renewed by mandate from now on (Protocol §3.8). */
  TxResult setRenewalLimits(RenewalLimits limits);

  /** Replaces the hot key. */
  TxResult setOperator(Address operator);

  /**
   * Limits what the operator may lock of the miner's collateral, in a window of so many blocks,
   * from the same block on. Zero blocks with a zero amount lift the limit.
   */
  TxResult setCollateralBudget(TokenAmount amount, long blocks);

  /** Announces to leave. */
  TxResult announceExit();

  /** Takes the stake back after an exit. */
  TxResult withdrawStake();
}
