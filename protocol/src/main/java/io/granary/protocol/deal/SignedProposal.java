package io.granary.protocol.deal;

import io.granary.protocol.crypto.Signature;

/**
 * A proposal with its client's signature.
 *
 * @param proposal the terms
 * @param signature the client's EIP-712 signature
 */
public record SignedProposal(DealProposal proposal, Signature signature) {}
