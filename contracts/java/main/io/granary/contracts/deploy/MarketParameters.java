package io.granary.contracts.deploy;

import io.granary.protocol.values.TokenAmount;

/**
 * Constructor parameters of a market, named as the contract's {@code MarketParams}.
 *
 * @param minStake least stake of a miner
 * @param channelChallengeBlocks blocks that a miner has to redeem once a client asks to close its
 *     payment channel
 * @param seedLookahead blocks from a challenge block to the one whose RANDAO value draws; for that
 *     seed source only
 */
public record MarketParameters(
    int periodBlocks,
    int windowBlocks,
    int challenges,
    int sealChallenges,
    int sealDelay,
    int maxMissRun,
    int withdrawNotice,
    int collateralHold,
    int maxPeriods,
    int maxActivationBlocks,
    int missPenaltyBps,
    int priceBurnBps,
    int expireBurnBps,
    TokenAmount tipCap,
    TokenAmount minPricePerLeafPeriod,
    TokenAmount minCollateralPerLeaf,
    int maintenanceNotice,
    int maintenancePeriods,
    int maintenanceQuarter,
    int demandBlocks,
    int demandSpacing,
    int demandGas,
    int maxFaultyPeriods,
    int faultFeeBps,
    TokenAmount minStake,
    int channelChallengeBlocks,
    int seedLookahead) {
  /**
   * A public network with blocks of 12 seconds: a period is a day, its window six hours. A miner
   * may announce three days a quarter, two days before; it has twelve hours to answer a demand, a
   * week to make a lost replica again, and three days to redeem what a client that closes its
   * channel has promised.
   */
  public static MarketParameters production() {
    return new MarketParameters(
        7200,
        1800,
        5,
        2,
        4,
        3,
        50,
        7200,
        3650,
        7000,
        10_000,
        100,
        1_000,
        // Far below the collateral of a small deal, for a tip comes out of the client's half of it.
        TokenAmount.parseTokens("0.01"),
        TokenAmount.of(1_000_000),
        TokenAmount.of(30_000_000),
        2,
        3,
        90,
        3600,
        5,
        200_000,
        7,
        10_000,
        TokenAmount.parseTokens("100"),
        21_600,
        // An epoch of the beacon chain.
        32);
  }

  /** A local chain with a block a second or faster: periods short enough to watch. */
  public static MarketParameters devnet() {
    return new MarketParameters(
        16,
        8,
        5,
        2,
        2,
        2,
        4,
        4,
        10_000,
        240,
        10_000,
        100,
        1_000,
        TokenAmount.parseTokens("1"),
        TokenAmount.of(1_000_000),
        TokenAmount.of(30_000_000),
        2,
        4,
        32,
        16,
        1,
        200_000,
        4,
        10_000,
        TokenAmount.parseTokens("100"),
        24,
        2);
  }
}
