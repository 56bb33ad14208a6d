package io.granary.protocol.chain;

import io.granary.protocol.channel.ChannelState;
import io.granary.protocol.channel.SignedVoucher;
import io.granary.protocol.crypto.ChannelDomain;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.util.List;

/** What the payment channels' contract answers (Protocol §7). */
public interface ChannelReader {
  /** What vouchers and consents are signed under. */
  ChannelDomain domain();

  /** Blocks from a request to close to the first in which it is carried out. */
  long challengeBlocks();

  /** The channel from a client to a miner; an empty one when there never was any. */
  ChannelState channel(Address client, Address miner);

  /** All channels that were ever paid into for this client, in the order of their opening. */
  List<ChannelState> channelsFrom(Address client);

  /** All channels that were ever paid into for this miner, in the order of their opening. */
  List<ChannelState> channelsTo(Address miner);

  /** What a withdrawal would pay: a miner's earnings, and what a client got back. */
  TokenAmount balance(Address account);

  /** The nonce of a miner's next consent for a client. */
  long consentNonce(Address miner, Address client);

  /**
   * Why each voucher of a batch would pay nothing if it were redeemed now: the name of the
   * contract's VoucherSkip, or empty when it would pay.
   */
  List<String> refusals(List<SignedVoucher> vouchers);
}
