package io.granary.protocol.channel;

import io.granary.protocol.crypto.Signature;

/**
 * A voucher with its client's signature.
 *
 * @param voucher the promise
 * @param signature the client's EIP-712 signature
 */
public record SignedVoucher(Voucher voucher, Signature signature) {}
