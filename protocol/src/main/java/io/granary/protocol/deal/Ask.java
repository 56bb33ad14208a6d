package io.granary.protocol.deal;

import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.time.Instant;

/**
 * What a miner asks for storage (Protocol §8.2).
 *
 * @param miner whose ask it is
 * @param pricePerLeafPeriod for one 32-byte leaf for one period
 * @param collateralPerLeaf what the miner locks for one leaf
 * @param minSize smallest piece, bytes
 * @param maxSize largest piece, bytes
 * @param minPeriods shortest deal
 * @param maxPeriods longest deal
 * @param expiresAt until when it holds, whole seconds
 */
public record Ask(
    Address miner,
    TokenAmount pricePerLeafPeriod,
    TokenAmount collateralPerLeaf,
    long minSize,
    long maxSize,
    long minPeriods,
    long maxPeriods,
    Instant expiresAt) {}
