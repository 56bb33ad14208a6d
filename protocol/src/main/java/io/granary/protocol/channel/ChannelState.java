package io.granary.protocol.channel;

import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TokenAmount;
import java.util.Optional;

/**
 * A channel as it is on chain (Protocol §7.2).
 *
 * @param client who fills it
 * @param miner who is paid from it
 * @param left tokens in it
 * @param redeemed tokens that the miner was ever paid from it; never falls
 * @param closableAt first block in which anyone may close it, when the client has asked for that
 */
public record ChannelState(
    Address client,
    Address miner,
    TokenAmount left,
    TokenAmount redeemed,
    Optional<BlockNumber> closableAt) {
  /** The highest total of which a voucher is paid in full. */
  public TokenAmount reach() {
    return redeemed.plus(left);
  }

  /** True when there is something in it. */
  public boolean isOpen() {
    return left.units().signum() > 0;
  }
}
