package io.granary.protocol.chain;

import io.granary.proofs.LeafIndex;
import io.granary.protocol.deal.DealProposal;
import java.math.BigInteger;

/**
 * What a deal's client or auditor sends against a miner (Protocol §6); conventions as {@link
 * MinerMarket}.
 */
public interface AuditMarket {
  /**
   * Demands that a leaf be opened on chain; the deal's client or its auditor.
   *
   * @param bond wei sent along, at least {@link MarketReader#leastBond()}
   */
  TxResult demand(DealProposal deal, LeafIndex leaf, BigInteger bond);

  /** Ends the deal of a demand that was not answered; of a deal that has ended, frees the bond. */
  TxResult resolveDemand(DealProposal deal, boolean byAuditor);

  /**
   * Shows that a leaf is sealed wrong, which forfeits the deal's collateral.
   *
   * @param openings piece leaf and path, sealed leaf and path
   */
  TxResult disputeSeal(DealProposal deal, LeafIndex leaf, byte[] openings);

  /** Pays the sender's ether of bonds to itself. */
  TxResult withdrawEther();
}
