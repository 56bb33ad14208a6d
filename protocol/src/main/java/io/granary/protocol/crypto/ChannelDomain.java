package io.granary.protocol.crypto;

import io.granary.protocol.values.Address;

/**
 * The EIP-712 domain of what is signed for payment channels (Protocol §7.1); name and version are
 * fixed.
 *
 * @param chainId the chain's id, 0 … 2^63-1
 * @param channels the channels' contract
 */
public record ChannelDomain(long chainId, Address channels) {
  /**
   * Checks the chain's id.
   *
   * @throws IllegalArgumentException when it is negative
   */
  public ChannelDomain {
    if (chainId < 0) {
      throw new IllegalArgumentException("a chain id is not negative: " + chainId);
    }
  }
}
