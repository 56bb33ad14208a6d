package io.granary.protocol.chain;

import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;

/**
 * A market's immutable parameters (Protocol §3 to §5), named as the contract's {@code
 * MarketParams}.
 *
 * @param domain chain id and market address, which signatures are bound to
 * @param token the ERC-20
 * @param registry the miner registry
 * @param seedSource the seed source
 * @param periodBlocks P, blocks
 * @param windowBlocks W, blocks
 * @param challenges leaves opened a period
 * @param sealChallenges leaves opened at activation
 * @param sealDelay D, blocks
 * @param maxMissRun M, periods
 * @param withdrawNotice blocks
 * @param collateralHold T, blocks
 * @param maxPeriods periods
 * @param maxActivationBlocks blocks
 * @param missPenaltyBps 1/10,000 of a period's pay
 * @param priceBurnBps 1/10,000 of each payment
 * @param expireBurnBps 1/10,000 of the collateral
 * @param tipCap most a caller earns
 * @param minPricePerLeafPeriod least price
 * @param minCollateralPerLeaf least collateral
 * @param maintenanceNotice periods from the current one to the first that can be announced
 * @param maintenancePeriods most periods a miner may excuse in a quarter; zero: none
 * @param maintenanceQuarter periods of a quarter
 * @param demandBlocks R, least blocks to answer a demand in
 * @param demandSpacing c, least blocks between the deadlines of two demands on a miner
 * @param demandGas gas that the bond of a demand pays for
 * @param maxFaultyPeriods F, most periods of a declared fault
 * @param faultFeeBps fee of a faulty period, 1/10,000 of a period's pay
 */
public record MarketTerms(
    SigningDomain domain,
    Address token,
    Address registry,
    Address seedSource,
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
    int faultFeeBps) {}
