package io.granary.protocol.chain;

import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;
import java.time.Instant;
import java.util.Optional;

/**
 * A transaction that was sent and is not confirmed.
 *
 * @param nonce of its key
 * @param operation the contract's function
 * @param since when it was begun
 * @param sent how often it was signed, each time with a higher fee
 * @param newest hash of the last of these
 * @param maxFee most that the last one pays, wei for a unit of gas
 * @param lastBlock the last block in which it is of use
 */
public record UnderWay(
    long nonce,
    String operation,
    Instant since,
    int sent,
    TxHash newest,
    BigInteger maxFee,
    Optional<BlockNumber> lastBlock) {}
