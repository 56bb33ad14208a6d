package io.granary.protocol.deal;

import io.granary.protocol.crypto.Signature;

/**
 * An ask with its miner's operator's signature.
 *
 * @param ask the ask
 * @param signature the operator's EIP-712 signature
 */
public record SignedAsk(Ask ask, Signature signature) {}
