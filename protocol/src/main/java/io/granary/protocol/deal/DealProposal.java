package io.granary.protocol.deal;

import io.granary.proofs.Hash32;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.util.Optional;

/**
 * What a client and a miner agree on (Protocol §3.1), field for field the contract's struct.
 *
 * @param client pays and signs
 * @param miner identity of the miner (its owner address)
 * @param auditor receives the per-deal proofs
 * @param pieceRoot root of the piece tree
 * @param size bytes of the piece
 * @param sealProfile 1 is STREAM
 * @param periods proving periods paid for, 1 … 2^32-1
 * @param price whole price, below 2^96
 * @param collateral the miner's collateral, below 2^96
 * @param publishBy last block for publishing
 * @param activateBy last block for activation
 * @param replaces id of the deal this one takes over, or 32 zero bytes
 * @param salt makes otherwise equal proposals distinct
 */
public record DealProposal(
    Address client,
    Address miner,
    Address auditor,
    Hash32 pieceRoot,
    RawSize size,
    int sealProfile,
    long periods,
    TokenAmount price,
    TokenAmount collateral,
    BlockNumber publishBy,
    BlockNumber activateBy,
    Hash32 replaces,
    Hash32 salt) {
  /**
   * Checks that every number fits its type on chain.
   *
   * @throws IllegalArgumentException naming the first that does not
   */
  public DealProposal {
    if (sealProfile < 0 || sealProfile > 255) {
      throw new IllegalArgumentException("sealProfile lies between 0 and 255, not " + sealProfile);
    }
    if (periods < 0 || periods > 0xFFFF_FFFFL) {
      throw new IllegalArgumentException("periods lies between 0 and 2^32-1, not " + periods);
    }
    if (price.units().bitLength() > 96) {
      throw new IllegalArgumentException("price must be below 2^96 units, not " + price.units());
    }
    if (collateral.units().bitLength() > 96) {
      throw new IllegalArgumentException(
          "collateral must be below 2^96 units, not " + collateral.units());
    }
  }

  /** The deal that this one takes over (Protocol §3.9), if any. */
  public Optional<DealId> predecessor() {
    return replaces.equals(Hash32.ZERO) ? Optional.empty() : Optional.of(new DealId(replaces));
  }

  /**
   * Blocks that the market leaves between the last publication and {@code activateBy}: the seal
   * delay, and a freeze of each proving set that has to be waited for (Protocol §3.3, §3.9).
   */
  public long activationRoom(MarketTerms terms) {
    long freezes = predecessor().isPresent() ? 2 : 1;
    return terms.sealDelay() + freezes * terms.windowBlocks() + 1;
  }
}
