package io.granary.protocol.crypto;

import io.granary.protocol.values.Address;

/**
 * The EIP-712 domain every Granary signature is bound to (Protocol §3.1); name and version are
 * fixed.
 *
 * @param chainId the chain's id
 * @param market the market contract
 */
public record SigningDomain(long chainId, Address market) {}
