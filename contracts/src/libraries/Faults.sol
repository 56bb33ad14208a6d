// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMinerRegistry} from "../interfaces/IMinerRegistry.sol";
import {IMarketEvents} from "../interfaces/IMarketEvents.sol";
import {ISeedSource} from "../interfaces/ISeedSource.sol";
import {Activation, Deal, DealState, MarketParams} from "../types/MarketTypes.sol";
import {DealEnds} from "./DealEnds.sol";
import {MarketState} from "./MarketState.sol";
import {PeriodClock} from "./PeriodClock.sol";
import {PieceMath} from "./PieceMath.sol";
import {ProvingSet} from "./ProvingSet.sol";
import {SealOpenings} from "./SealOpenings.sol";
import {Settlement} from "./Settlement.sol";

/// @title Declared faults and recovery (Protocol §5.8).
/// @notice A Faulty deal has no entry in the set; `sealedRoot` is in the deal again, and `index` counts the periods settled since
/// the declaration, so that it began with period `cursor - index`.
library Faults {
    using ProvingSet for ProvingSet.Set;

    /// @notice Takes deals out of the set whose replicas their miner cannot prove.
    function declare(MarketState storage s, MarketParams memory p, bytes32[] calldata dealIds) internal {
        for (uint256 i = 0; i < dealIds.length; ++i) {
            bytes32 dealId = dealIds[i];
            Deal storage d = DealEnds.inState(s, dealId, DealState.Active);
            (address miner, uint32 duty) = dutyOfSender(s, p, d);
            Settlement.settle(s, Settlement.rulesOf(p), dealId, d, Settlement.CHUNK);
            if (Settlement.isDefaulted(p, d)) revert IMarketEvents.Defaulted(dealId);
            uint32 from = openCursor(dealId, d, duty);
            // The entry is there: it is purged only when no duty is left before its end.
            bytes32 sealedRoot = s.sets[miner].entries[d.height][d.index].sealedRoot;
            DealEnds.removeEntry(s, dealId, d);
            d.sealedRoot = sealedRoot;
            d.state = DealState.Faulty;
            emit IMarketEvents.FaultDeclared(dealId, miner, from);
        }
    }

    /// @notice Puts a faulty deal back into the set.
    /// @param dealId that of the proposal
    function recover(MarketState storage s, MarketParams memory p, bytes32 dealId, Activation calldata a) internal {
        Deal storage d = DealEnds.inState(s, dealId, DealState.Faulty);
        (address miner, uint32 duty) = dutyOfSender(s, p, d);
        Settlement.settleFaulty(s, p, dealId, d, Settlement.CHUNK);
        if (Settlement.isDefaulted(p, d)) revert IMarketEvents.Defaulted(dealId);
        uint32 from = openCursor(dealId, d, duty);
        bytes32 seed = recoverySeed(p, dealId, miner, duty - 1, from - d.index, a.seedProof);
        uint40 leaves = PieceMath.leafCount(a.proposal.rawSize);
        uint8 height = PieceMath.height(leaves);
        (bool right, bytes32 sealedRoot) =
            SealOpenings.rootOf(dealId, seed, a.proposal.pieceRoot, leaves, height, a.openings, p.sealChallenges);
        if (!right || sealedRoot != d.sealedRoot) revert IMarketEvents.BadRecovery(dealId, duty - 1);
        if (s.sets[miner].count(height) >= ProvingSet.MAX_ENTRIES) revert IMarketEvents.SetFull(miner, height);
        d.index = s.sets[miner].insert(height, ProvingSet.Entry(sealedRoot, leaves, d.end, bytes23(dealId)));
        d.height = height;
        d.sealedRoot = 0;
        d.state = DealState.Active;
        emit IMarketEvents.DealRecovered(dealId, miner, from, duty - 1);
    }

    /// @dev The deal's miner and its next duty, for the miner or its operator, paused or not, outside a freeze.
    function dutyOfSender(MarketState storage s, MarketParams memory p, Deal storage d)
        private
        view
        returns (address miner, uint32 duty)
    {
        miner = d.miner;
        if (msg.sender != miner && !IMinerRegistry(p.registry).isOperator(miner, msg.sender)) {
            revert IMarketEvents.NotMiner(miner, msg.sender);
        }
        bool frozen;
        (duty, frozen) = DealEnds.dutyOf(s, p, miner);
        if (frozen && s.sets[miner].weight != 0) {
            revert IMarketEvents.SetFrozenUntil(miner, DealEnds.endOfPeriod(p, miner));
        }
    }

    /// @dev The cursor of a settled deal: no challenge of it or of a later period is known, and it is before the end.
    function openCursor(bytes32 dealId, Deal storage d, uint32 duty) private view returns (uint32 cursor) {
        cursor = d.cursor;
        if (cursor >= d.end) revert IMarketEvents.PastEnd(dealId, d.end);
        if (cursor < duty) revert IMarketEvents.Unsettled(dealId, cursor, duty);
    }

    /// @dev Only the latest challenge block draws, and only one after the declaration: one try for each period that was paid for.
    /// @param period the latest whose challenge block is not to come
    /// @param since first period of the declared fault
    function recoverySeed(
        MarketParams memory p,
        bytes32 dealId,
        address miner,
        uint32 period,
        uint32 since,
        bytes calldata seedProof
    ) private view returns (bytes32) {
        uint256 shift = PeriodClock.shiftOf(miner, p.periodBlocks);
        uint256 at = PeriodClock.challengeOf(period < since ? since : period, shift, p.periodBlocks, p.windowBlocks);
        if (block.number <= at) revert IMarketEvents.RecoveryTooSoon(dealId, at, block.number);
        bytes32 value = ISeedSource(p.seedSource).valueAt(at, seedProof);
        if (value == 0) revert IMarketEvents.SeedUnavailable(at);
        return keccak256(abi.encode(value, address(this), dealId, period, bytes32("recovery")));
    }
}
