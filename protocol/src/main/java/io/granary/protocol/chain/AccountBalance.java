package io.granary.protocol.chain;

import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TokenAmount;

/**
 * An address's account in the market.
 *
 * @param balance unlocked tokens, including the announced part
 * @param requested announced for withdrawal
 * @param releaseBlock first block in which the announced part may leave
 */
public record AccountBalance(
    TokenAmount balance, TokenAmount requested, BlockNumber releaseBlock) {}
