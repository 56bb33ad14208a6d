package io.granary.protocol.deal;

import io.granary.protocol.crypto.Signature;

/**
 * An extension with its client's signature.
 *
 * @param extension the offer
 * @param signature the client's EIP-712 signature
 */
public record SignedExtension(Extension extension, Signature signature) {}
