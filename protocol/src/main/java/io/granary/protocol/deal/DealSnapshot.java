package io.granary.protocol.deal;

import io.granary.proofs.Hash32;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;

/**
 * A deal as the contract holds it at one block. Price, periods, proved and missed are those of the
 * periods from {@code end - periods} on: from the start, or from the period from which its last
 * extension (Protocol §3.6) or its notice (§3.7) counts. A deal that was terminated, or ended by
 * both sides, keeps the end that it had; the cursor says where it ended.
 *
 * @param id its id
 * @param state where it stands
 * @param client who pays
 * @param miner who stores
 * @param price whole price of these periods; of a published deal that replaces another one, what is
 *     locked of it so far (Protocol §3.9)
 * @param collateral what is left of the miner's collateral
 * @param periods periods paid for, 0 before activation and once it was handed over without notice
 * @param start first period of the deal, 0 before activation; neither extension nor notice changes
 *     it
 * @param end first period no longer covered, 0 before activation
 * @param cursor next period to settle
 * @param proved settled periods that were proved
 * @param missed settled periods that were not proved: missed or excused (Protocol §5.7), or of a
 *     declared fault (§5.8)
 * @param missRun misses in a row up to the cursor
 * @param activateBy last block for activation, 0 once activated
 * @param sealBlock block that draws the seal challenge
 * @param sealedRoot root of the replica, zero before activation
 * @param removed true once its entry has left the proving set
 * @param noticed true once its client has given notice, or it was handed over
 * @param faultySince first period of the declared fault, 0 unless faulty
 */
public record DealSnapshot(
    DealId id,
    DealState state,
    Address client,
    Address miner,
    TokenAmount price,
    TokenAmount collateral,
    long periods,
    Period start,
    Period end,
    Period cursor,
    long proved,
    long missed,
    int missRun,
    BlockNumber activateBy,
    BlockNumber sealBlock,
    Hash32 sealedRoot,
    boolean removed,
    boolean noticed,
    Period faultySince) {}
