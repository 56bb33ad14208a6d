package io.granary.miner.money;

import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;

/**
 * The money of one deal of the miner, as of some block.
 *
 * @param id the deal
 * @param client who pays
 * @param state where it stands
 * @param flow what moved so far
 * @param unsettled pay of proved periods that are not settled yet, the market's share taken off
 * @param ahead pay of the periods to come, if all are proved, the market's share taken off
 * @param atRisk collateral in it that a miss can still cut
 * @param inHold collateral in it when all its periods are settled: it comes back after the hold
 */
public record DealMoney(
    DealId id,
    Address client,
    DealState state,
    Flow flow,
    TokenAmount unsettled,
    TokenAmount ahead,
    TokenAmount atRisk,
    TokenAmount inHold) {
  /** Collateral in it. */
  public TokenAmount locked() {
    return atRisk.plus(inHold);
  }

  /** The same with only what moved since an earlier count. */
  DealMoney since(Flow earlier) {
    return new DealMoney(id, client, state, flow.since(earlier), unsettled, ahead, atRisk, inHold);
  }
}
