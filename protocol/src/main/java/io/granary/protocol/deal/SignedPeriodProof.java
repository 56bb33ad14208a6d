package io.granary.protocol.deal;

import io.granary.protocol.crypto.Signature;

/**
 * A period proof with its miner's operator's signature.
 *
 * @param proof the proof
 * @param signature EIP-712 signature (Protocol §8.4)
 */
public record SignedPeriodProof(PeriodProof proof, Signature signature) {}
