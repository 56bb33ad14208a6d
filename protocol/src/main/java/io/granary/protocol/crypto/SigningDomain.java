package io.granary.protocol.crypto;

import io.granary.protocol.values.Address;

/**
 * The EIP-712 domain every Granary signature is bound to (Protocol §3.1); name and version are
 * fixed.
 *
 * @param chainId the chain's id, 0 … 2^63-1
 * @param market the market contract
 */
public record SigningDomain(long chainId, Address market) {
  /**
   * Checks the chain's id.
   *
   * @throws IllegalArgumentException when it is negative
   */
  public SigningDomain {
    if (chainId < 0) {
      throw new IllegalArgumentException("a chain id is not negative: " + chainId);
    }
  }
}
