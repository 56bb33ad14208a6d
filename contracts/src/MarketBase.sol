// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IMarketEvents} from "./interfaces/IMarketEvents.sol";
import {IMinerRegistry} from "./interfaces/IMinerRegistry.sol";
import {ISeedSource} from "./interfaces/ISeedSource.sol";
import {MarketState} from "./libraries/MarketState.sol";
import {PeriodClock} from "./libraries/PeriodClock.sol";
import {Settlement} from "./libraries/Settlement.sol";
import {DealProposal, MarketParams} from "./types/MarketTypes.sol";

/// @title What the contracts that make up a market share: parameters, storage, clock (Protocol §9).
/// @notice A market is one address with one storage and one ABI (IStorageMarket), in several contracts because none may be
/// larger than 24 KiB. `StorageMarket` has what runs every period; what it does not know it passes on by delegate call to the
/// next contract, and so on to the last (`MarketPart`). All of them have the same parameters, which construction checks, and
/// the storage of the first: called by themselves the others see an empty market that holds nothing.
abstract contract MarketBase is IMarketEvents, EIP712 {
    bytes32 private constant PROPOSAL_TYPEHASH = keccak256(
        "DealProposal(address client,address miner,address auditor,bytes32 pieceRoot,uint64 rawSize,uint8 sealProfile,uint32 periods,uint96 price,uint96 collateral,uint64 publishBy,uint64 activateBy,bytes32 replaces,bytes32 salt)"
    );

    IERC20 internal immutable TOKEN;
    IMinerRegistry internal immutable REGISTRY;
    ISeedSource internal immutable SEED_SOURCE;
    uint256 internal immutable PERIOD_BLOCKS;
    uint256 internal immutable WINDOW_BLOCKS;
    uint256 internal immutable CHALLENGES;
    uint256 internal immutable SEAL_CHALLENGES;
    uint256 internal immutable SEAL_DELAY;
    uint256 internal immutable MAX_MISS_RUN;
    uint256 internal immutable WITHDRAW_NOTICE;
    uint256 internal immutable COLLATERAL_HOLD;
    uint256 internal immutable MAX_PERIODS;
    uint256 internal immutable MAX_ACTIVATION_BLOCKS;
    uint16 internal immutable MISS_PENALTY_BPS;
    uint16 internal immutable PRICE_BURN_BPS;
    uint16 internal immutable EXPIRE_BURN_BPS;
    uint96 internal immutable TIP_CAP;
    uint96 internal immutable MIN_PRICE;
    uint96 internal immutable MIN_COLLATERAL;
    uint256 internal immutable MAINTENANCE_NOTICE;
    uint256 internal immutable MAINTENANCE_PERIODS;
    uint256 internal immutable MAINTENANCE_QUARTER;
    uint256 internal immutable DEMAND_BLOCKS;
    uint256 internal immutable DEMAND_SPACING;
    uint256 internal immutable DEMAND_GAS;
    uint16 internal immutable MAX_FAULTY_PERIODS;
    uint16 internal immutable FAULT_FEE_BPS;

    /// @notice keccak256(abi.encode(parameters)): the contracts of a market agree in it.
    bytes32 public immutable paramsHash;

    MarketState internal _s;

    constructor(MarketParams memory p) EIP712("Granary", "1") {
        paramsHash = keccak256(abi.encode(p));
        TOKEN = IERC20(p.token);
        REGISTRY = IMinerRegistry(p.registry);
        SEED_SOURCE = ISeedSource(p.seedSource);
        PERIOD_BLOCKS = p.periodBlocks;
        WINDOW_BLOCKS = p.windowBlocks;
        CHALLENGES = p.challenges;
        SEAL_CHALLENGES = p.sealChallenges;
        SEAL_DELAY = p.sealDelay;
        MAX_MISS_RUN = p.maxMissRun;
        WITHDRAW_NOTICE = p.withdrawNotice;
        COLLATERAL_HOLD = p.collateralHold;
        MAX_PERIODS = p.maxPeriods;
        MAX_ACTIVATION_BLOCKS = p.maxActivationBlocks;
        MISS_PENALTY_BPS = p.missPenaltyBps;
        PRICE_BURN_BPS = p.priceBurnBps;
        EXPIRE_BURN_BPS = p.expireBurnBps;
        TIP_CAP = p.tipCap;
        MIN_PRICE = p.minPricePerLeafPeriod;
        MIN_COLLATERAL = p.minCollateralPerLeaf;
        MAINTENANCE_NOTICE = p.maintenanceNotice;
        MAINTENANCE_PERIODS = p.maintenancePeriods;
        MAINTENANCE_QUARTER = p.maintenanceQuarter;
        DEMAND_BLOCKS = p.demandBlocks;
        DEMAND_SPACING = p.demandSpacing;
        DEMAND_GAS = p.demandGas;
        MAX_FAULTY_PERIODS = p.maxFaultyPeriods;
        FAULT_FEE_BPS = p.faultFeeBps;
    }

    /// @dev The parameters as libraries take them.
    function rules() internal view returns (MarketParams memory) {
        return MarketParams({
            token: address(TOKEN),
            registry: address(REGISTRY),
            seedSource: address(SEED_SOURCE),
            periodBlocks: uint32(PERIOD_BLOCKS),
            windowBlocks: uint32(WINDOW_BLOCKS),
            challenges: uint8(CHALLENGES),
            sealChallenges: uint8(SEAL_CHALLENGES),
            sealDelay: uint32(SEAL_DELAY),
            maxMissRun: uint8(MAX_MISS_RUN),
            withdrawNotice: uint32(WITHDRAW_NOTICE),
            collateralHold: uint32(COLLATERAL_HOLD),
            maxPeriods: uint32(MAX_PERIODS),
            maxActivationBlocks: uint32(MAX_ACTIVATION_BLOCKS),
            missPenaltyBps: MISS_PENALTY_BPS,
            priceBurnBps: PRICE_BURN_BPS,
            expireBurnBps: EXPIRE_BURN_BPS,
            tipCap: TIP_CAP,
            minPricePerLeafPeriod: MIN_PRICE,
            minCollateralPerLeaf: MIN_COLLATERAL,
            maintenanceNotice: uint32(MAINTENANCE_NOTICE),
            maintenancePeriods: uint32(MAINTENANCE_PERIODS),
            maintenanceQuarter: uint32(MAINTENANCE_QUARTER),
            demandBlocks: uint32(DEMAND_BLOCKS),
            demandSpacing: uint32(DEMAND_SPACING),
            demandGas: uint32(DEMAND_GAS),
            maxFaultyPeriods: MAX_FAULTY_PERIODS,
            faultFeeBps: FAULT_FEE_BPS
        });
    }

    function proposalId(DealProposal calldata proposal) internal view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(PROPOSAL_TYPEHASH, proposal)));
    }

    function periodOf(address miner, uint256 blockNumber) internal view returns (uint32) {
        return PeriodClock.periodAt(blockNumber, PeriodClock.shiftOf(miner, PERIOD_BLOCKS), PERIOD_BLOCKS);
    }

    /// @dev First period whose challenge block lies after `blockNumber`.
    function dutyAfter(address miner, uint256 blockNumber) internal view returns (uint32) {
        return
            PeriodClock.nextDuty(blockNumber, PeriodClock.shiftOf(miner, PERIOD_BLOCKS), PERIOD_BLOCKS, WINDOW_BLOCKS);
    }

    function challengeOf(address miner, uint32 period) internal view returns (uint256) {
        return PeriodClock.challengeOf(period, PeriodClock.shiftOf(miner, PERIOD_BLOCKS), PERIOD_BLOCKS, WINDOW_BLOCKS);
    }

    /// @dev The set does not change from the challenge block on, until the period is proved, excused or over.
    function frozen(address miner) internal view returns (bool) {
        if (_s.sets[miner].weight == 0) return false;
        uint32 period = periodOf(miner, block.number);
        return block.number >= challengeOf(miner, period) && !Settlement.isDecided(_s, miner, period);
    }

    /// @dev The seed of a period whose window is open now (Protocol §5.3).
    function openSeed(address miner, uint32 period, bytes calldata seedProof) internal view returns (bytes32) {
        uint32 current = periodOf(miner, block.number);
        if (period != current) revert WrongPeriod(period, current);
        uint256 at = challengeOf(miner, period);
        if (block.number <= at) revert WindowNotOpen(at, block.number);
        bytes32 value = SEED_SOURCE.valueAt(at, seedProof);
        if (value == 0) revert SeedUnavailable(at);
        return keccak256(abi.encode(value, address(this), miner, period));
    }
}
