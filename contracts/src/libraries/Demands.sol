// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMarketEvents} from "../interfaces/IMarketEvents.sol";
import {Answer, Deal, DealProposal, DealState, Demand, MarketParams, SkipReason} from "../types/MarketTypes.sol";
import {BothTrees} from "./BothTrees.sol";
import {MarketState} from "./MarketState.sol";
import {PeriodClock} from "./PeriodClock.sol";
import {PieceMath} from "./PieceMath.sol";
import {Settlement} from "./Settlement.sol";

/// @title Demands: a client or an auditor makes a miner open a leaf on chain (Protocol §6.1).
/// @notice The proposal hashes to the deal id, so it vouches for the auditor and the piece root, which are not stored.
library Demands {
    /// @notice Bounds of the parameter demandGas: above an answer of the largest piece, below a block.
    uint256 internal constant MIN_GAS = 150_000;
    uint256 internal constant MAX_GAS = 10_000_000;
    /// @dev Where blocks cost next to nothing, demands do not.
    uint256 private constant LEAST_BASE_FEE = 1 gwei;

    uint256 private constant CLIENT = 0;
    uint256 private constant AUDITOR = 1;

    /// @notice Wei that pays for an answer.
    function leastBond(uint256 demandGas) internal view returns (uint256) {
        return demandGas * (block.basefee > LEAST_BASE_FEE ? block.basefee : LEAST_BASE_FEE);
    }

    /// @notice Slot of a side.
    function slotOf(bool byAuditor) internal pure returns (uint256) {
        return byAuditor ? AUDITOR : CLIENT;
    }

    /// @notice Demands are raised and answered while the deal's collateral is there.
    function isLive(Deal storage d) internal view returns (bool) {
        return d.state == DealState.Active || d.state == DealState.Faulty;
    }

    /// @notice Whether a demand on the deal is open: then its collateral does not go back.
    function holdCollateral(MarketState storage s, bytes23 dealKey) internal view returns (bool) {
        Demand[2] storage open = s.demands[dealKey];
        return open[CLIENT].deadline != 0 || open[AUDITOR].deadline != 0;
    }

    /// @notice Root of a live deal's replica, which lies in its entry of the proving set, or in the deal once that is gone.
    function sealedRootOf(MarketState storage s, Deal storage d) internal view returns (bytes32) {
        uint8 height = d.height;
        return height == 0 ? d.sealedRoot : s.sets[d.miner].entries[height][d.index].sealedRoot;
    }

    /// @notice Opens the sender's slot; its bond is what came with the call.
    function raise(
        MarketState storage s,
        MarketParams memory p,
        bytes32 dealId,
        DealProposal calldata t,
        uint64 leafIndex
    ) internal {
        // A client that is its own auditor has one slot.
        bool byAuditor = msg.sender != t.client;
        if (byAuditor && msg.sender != t.auditor) revert IMarketEvents.NotDemander(dealId, msg.sender);
        {
            Deal storage d = s.deals[bytes23(dealId)];
            // Of a declared fault its miner says itself that it cannot open anything; what was open before stays open.
            if (d.state != DealState.Active) revert IMarketEvents.WrongState(dealId, uint8(d.state));
            // From here on the deal completes with the answers to what is open: nobody holds collateral for ever.
            uint256 over = PeriodClock.endOf(d.end - 1, PeriodClock.shiftOf(t.miner, p.periodBlocks), p.periodBlocks)
                + p.collateralHold;
            if (block.number >= over) revert IMarketEvents.DemandsOver(dealId, over, block.number);
        }
        {
            uint40 leaves = PieceMath.leafCount(t.rawSize);
            if (leafIndex >= leaves) revert IMarketEvents.LeafOutOfRange(dealId, leafIndex, leaves);
            uint256 least = leastBond(p.demandGas);
            if (msg.value < least) revert IMarketEvents.BondTooLow(msg.value, least);
            if (msg.value > type(uint96).max) revert IMarketEvents.BondTooHigh(msg.value, type(uint96).max);
        }
        Demand storage open = s.demands[bytes23(dealId)][slotOf(byAuditor)];
        if (open.deadline != 0) revert IMarketEvents.AlreadyDemanded(dealId, byAuditor, open.deadline);
        uint256 deadline = atEase(s, p, t.miner);
        {
            // A queue: however many demands there are, each has demandSpacing blocks of its own.
            uint256 next = uint256(s.lastDeadlines[t.miner]) + p.demandSpacing;
            if (next > deadline) deadline = next;
        }
        s.lastDeadlines[t.miner] = uint64(deadline);
        open.bond = uint96(msg.value);
        open.deadline = uint64(deadline);
        open.leafIndex = uint40(leafIndex);
        emit IMarketEvents.DemandRaised(
            dealId, t.miner, msg.sender, byAuditor, uint40(leafIndex), uint96(msg.value), uint64(deadline)
        );
    }

    /// @dev demandBlocks from now, or from the end of the announced maintenance that begins before they are over: disks may be
    /// away then, and nobody picks that time to demand.
    function atEase(MarketState storage s, MarketParams memory p, address miner)
        private
        view
        returns (uint256 deadline)
    {
        uint256 shift = PeriodClock.shiftOf(miner, p.periodBlocks);
        deadline = block.number + p.demandBlocks;
        uint256 period = PeriodClock.periodAt(block.number, shift, p.periodBlocks);
        for (; period <= PeriodClock.periodAt(deadline, shift, p.periodBlocks); ++period) {
            if (Settlement.bitsOf(s, miner, period) > 1) {
                deadline = PeriodClock.endOf(period, shift, p.periodBlocks) + p.demandBlocks;
            }
        }
    }

    /// @notice Answers one demand, or says why not. Only an answer leaves a trace.
    function answer(MarketState storage s, bytes32 dealId, Answer calldata a) internal returns (SkipReason) {
        Demand memory open = s.demands[bytes23(dealId)][slotOf(a.byAuditor)];
        Deal storage d = s.deals[bytes23(dealId)];
        if (open.deadline == 0 || !isLive(d)) return SkipReason.NoDemand;
        if (block.number > open.deadline) return SkipReason.AnswerTooLate;
        {
            uint256 height = PieceMath.height(PieceMath.leafCount(a.proposal.rawSize));
            uint256 half = (height + 1) << 5;
            bytes calldata openings = a.openings;
            if (openings.length != 2 * half) return SkipReason.BadOpening;
            uint256 at;
            assembly ("memory-safe") {
                at := openings.offset
            }
            if (!BothTrees.isSealed(at, half, dealId, open.leafIndex)) return SkipReason.BadOpening;
            if (!BothTrees.opens(at, half, height, open.leafIndex, a.proposal.pieceRoot, sealedRootOf(s, d))) {
                return SkipReason.BadOpening;
            }
        }
        delete s.demands[bytes23(dealId)][slotOf(a.byAuditor)];
        s.etherOf[a.proposal.miner] += open.bond;
        emit IMarketEvents.DemandAnswered(dealId, a.proposal.miner, a.byAuditor, open.bond);
        return SkipReason.None;
    }
}
