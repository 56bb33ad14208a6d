package io.granary.protocol.deal;

import io.granary.protocol.crypto.Signature;

/**
 * An early end with its client's signature.
 *
 * @param earlyEnd the notice or consent
 * @param signature the client's EIP-712 signature
 */
public record SignedEarlyEnd(EarlyEnd earlyEnd, Signature signature) {}
