package io.granary.protocol.deal;

import io.granary.protocol.crypto.Signature;

/**
 * A mandate with its client's signature.
 *
 * @param mandate the order
 * @param signature the client's EIP-712 signature
 */
public record SignedMandate(Mandate mandate, Signature signature) {}
