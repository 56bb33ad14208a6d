package io.granary.protocol.channel;

import io.granary.protocol.crypto.Signature;

/**
 * A consent with its miner's signature.
 *
 * @param consent to close at once
 * @param signature the miner's EIP-712 signature
 */
public record SignedCloseConsent(CloseConsent consent, Signature signature) {}
